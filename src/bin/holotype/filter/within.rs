//! Where the rows of an expression can be: what its conjuncts say of ids and images. An `&&` is false wherever one of
//! its sides is false, also where the other cannot be evaluated; so rows elsewhere need not be read.

use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};
use cel::parser::Expression;
use holotype::id::{AnnotationId, ImageId};

/// The ids among which are those of all rows for which an expression is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Within {
    /// Ids that begin with these bytes; all where there are none.
    Prefix(Vec<u8>),
    /// None.
    Nothing,
}

impl Within {
    /// Anywhere.
    pub(crate) const ALL: Self = Self::Prefix(Vec::new());

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Prefix(a), Self::Prefix(b)) if a.starts_with(&b) => Self::Prefix(a),
            (Self::Prefix(a), Self::Prefix(b)) if b.starts_with(&a) => Self::Prefix(b),
            (Self::Prefix(_) | Self::Nothing, Self::Prefix(_) | Self::Nothing) => Self::Nothing,
        }
    }

    fn of<const N: usize>(bytes: Option<[u8; N]>) -> Self {
        bytes.map_or(Self::Nothing, |bytes| Self::Prefix(bytes.to_vec()))
    }
}

/// Finds where the annotations are for which an expression is true.
pub(crate) fn annotations_within(expression: &Expression) -> Within {
    let Expr::Call(call) = &expression.expr else {
        return Within::ALL;
    };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND, sides) => sides
            .iter()
            .map(annotations_within)
            .fold(Within::ALL, Within::and),
        (operators::EQUALS, [a, b]) => match (text(&a.expr), text(&b.expr)) {
            (None, Some(text)) => equals(&a.expr, text),
            (Some(text), None) => equals(&b.expr, text),
            (Some(_), Some(_)) | (None, None) => Within::ALL,
        },
        ("startsWith", [start]) => starts_with(call, &start.expr),
        _ => Within::ALL,
    }
}

fn text(expr: &Expr) -> Option<&str> {
    if let Expr::Literal(LiteralValue::String(text)) = expr {
        Some(text.inner())
    } else {
        None
    }
}

fn equals(member: &Expr, text: &str) -> Within {
    let image = |id: ImageId| Within::Prefix(id.prefix().as_bytes().to_vec());
    if let Expr::Ident(name) = member {
        return match name.as_str() {
            "id" => Within::of(AnnotationId::parse(text).ok().map(|id| *id.as_bytes())),
            "image_name" => image(ImageId::of_name(text)),
            _ => Within::ALL,
        };
    }
    let Expr::Select(select) = member else {
        return Within::ALL;
    };
    match (&select.operand.expr, select.field.as_str(), select.test) {
        (Expr::Ident(name), "name", false) if name == "image" => image(ImageId::of_name(text)),
        (Expr::Ident(name), "id", false) if name == "image" => {
            ImageId::parse(text).map_or(Within::Nothing, image)
        }
        _ => Within::ALL,
    }
}

/// `id.startsWith("…")`: of an odd number of hex digits all but the last.
fn starts_with(call: &CallExpr, start: &Expr) -> Within {
    match (call.target.as_ref().map(|target| &target.expr), text(start)) {
        (Some(Expr::Ident(name)), Some(start)) if name == "id" => {
            let pairs = start.as_bytes().chunks_exact(2);
            let bytes = pairs.map(|pair| {
                let pair = std::str::from_utf8(pair).ok()?;
                u8::from_str_radix(pair, 16)
                    .ok()
                    .filter(|byte| format!("{byte:02x}") == pair)
            });
            bytes
                .collect::<Option<Vec<u8>>>()
                .map_or(Within::Nothing, Within::Prefix)
        }
        _ => Within::ALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(text: &str) -> Within {
        annotations_within(cel::Program::compile(text).unwrap().expression())
    }

    #[test]
    fn conjuncts_say_where_and_nothing_else_does() {
        let image = |name: &str| Within::Prefix(ImageId::of_name(name).prefix().as_bytes().to_vec());
        let id = "ab".repeat(24);
        assert_eq!(within(r#"image.name == "a.png""#), image("a.png"));
        assert_eq!(within(r#""a.png" == image_name"#), image("a.png"));
        assert_eq!(
            within(r#"label == "x" && (flags.size() > 0 && image_name == "a.png")"#),
            image("a.png")
        );
        assert_eq!(
            within(r#"image_name == "a.png" && image.name == "b.png""#),
            Within::Nothing
        );
        assert_eq!(within(&format!("id == '{id}'")), Within::Prefix(vec![0xab; 24]));
        assert_eq!(within("id.startsWith('abc')"), Within::Prefix(vec![0xab]));
        assert_eq!(
            within(&format!("id == '{id}' && id.startsWith('ab')")),
            Within::Prefix(vec![0xab; 24])
        );
        for never in [
            "id == 'ab'",
            "id == 'AB'",
            "id.startsWith('AB')",
            "image.id == 'x'",
        ] {
            assert_eq!(within(never), Within::Nothing, "{never}");
        }
        for anywhere in [
            r#"image == "a.png""#,
            r#"image_name != "a.png""#,
            r#"!(image_name == "a.png")"#,
            r#"image_name == "a.png" || label == "x""#,
            r#"image_name == label"#,
            r#"[1].exists(id, id == 1)"#,
            "true",
        ] {
            assert_eq!(within(anywhere), Within::ALL, "{anywhere}");
        }
    }
}
