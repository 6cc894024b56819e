//! What an expression may be: evaluating it for one row takes a moment and little memory, whoever wrote it. A stored query can
//! come from a stranger, with a repository or a citation.

use cel::Program;
use cel::common::ast::{EntryExpr, Expr};
use cel::parser::Expression;

/// Longer expressions are refused.
const LENGTH_MAX: usize = 4096;
/// More brackets within each other are refused.
const NESTING_MAX: usize = 64;
/// Loops within or behind each other (`all`, `exists`, `map`, `filter`, …): each one multiplies the work and what it makes, so
/// with a third a text of this length could ask for a thousand million steps.
const LOOPS_MAX: usize = 2;

/// Compiles an expression that keeps the bounds.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(crate) fn compile(text: &str) -> Result<Program, String> {
    let nesting = text.chars().scan(0_usize, |depth, character| {
        match character {
            '(' | '[' | '{' => *depth += 1,
            ')' | ']' | '}' => *depth = depth.saturating_sub(1),
            _ => {}
        }
        Some(*depth)
    });
    if text.len() > LENGTH_MAX || nesting.max().unwrap_or(0) > NESTING_MAX {
        return Err("it is too long or too deep".to_owned());
    }
    let program = Program::compile(text).map_err(|error| error.to_string().replace('\n', " "))?;
    if loops(program.expression()) > LOOPS_MAX {
        return Err(format!(
            "more than {LOOPS_MAX} of 'all', 'exists', 'map' and 'filter' stand within or behind each other"
        ));
    }
    Ok(program)
}

/// How many loops stand within or behind each other.
fn loops(expression: &Expression) -> usize {
    match &expression.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => 0,
        Expr::Call(call) => most(call.args.iter().chain(call.target.as_deref())),
        Expr::Comprehension(one) => {
            let parts = [
                &one.iter_range,
                &one.accu_init,
                &one.loop_cond,
                &one.loop_step,
                &one.result,
            ];
            1 + most(parts)
        }
        Expr::List(list) => most(&list.elements),
        Expr::Map(map) => most(map.entries.iter().flat_map(|entry| parts_of(&entry.expr))),
        Expr::Select(select) => loops(&select.operand),
        Expr::Struct(made) => most(made.entries.iter().flat_map(|entry| parts_of(&entry.expr))),
    }
}

fn most<'a>(parts: impl IntoIterator<Item = &'a Expression>) -> usize {
    parts.into_iter().map(loops).max().unwrap_or(0)
}

fn parts_of(entry: &EntryExpr) -> Vec<&Expression> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_counted_wherever_they_stand() {
        for (text, count) in [
            ("x == 1", 0),
            ("flags.exists(f, f == 'outside')", 1),
            ("[1].all(a, a > 0) && [2].all(a, a > 0)", 1),
            ("flags.filter(f, f != '').exists(f, f == 'outside')", 2),
            ("[[1]].all(a, a.all(b, b > 0))", 2),
            ("{'a': [1].map(x, x)}.a == [[1].map(x, [x].map(y, y))]", 2),
            ("[[[1]]].all(a, a.all(b, b.all(c, c > 0)))", 3),
            ("size([1].map(x, x).map(x, x).map(x, x)) == 1", 3),
        ] {
            let program = Program::compile(text).unwrap();
            assert_eq!(loops(program.expression()), count, "{text}");
            assert_eq!(compile(text).is_ok(), count <= LOOPS_MAX, "{text}");
        }
    }

    #[test]
    fn a_long_or_deep_one_is_refused() {
        assert!(compile(&format!("{}true", "true && ".repeat(512))).is_err());
        assert!(compile(&format!("{}1{} == 1", "(".repeat(65), ")".repeat(65))).is_err());
        assert!(compile(&format!("{}1{} == 1", "(".repeat(64), ")".repeat(64))).is_ok());
    }
}
