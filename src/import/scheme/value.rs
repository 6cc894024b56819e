//! Values of a scheme as facts.

use toml::de::DeValue;

use crate::import::document::SourceValue;
use crate::import::personal;
use crate::import::report::LossReport;
use crate::model::geometry::{float_to_whole, whole_to_float};

/// A value as a fact; privately where it can name a person.
pub(super) fn fact(file: &str, name: &str, value: &DeValue<'_>, report: &mut LossReport) -> SourceValue {
    match public_fact(file, name, value, report) {
        SourceValue::Text(text) => personal::text_value(name, &text),
        other @ (SourceValue::Number(_) | SourceValue::Flag(_) | SourceValue::Private(_)) => other,
    }
}

/// A value as a fact that is published.
pub(super) fn public_fact(
    file: &str,
    name: &str,
    value: &DeValue<'_>,
    report: &mut LossReport,
) -> SourceValue {
    match value {
        DeValue::String(text) => SourceValue::Text(text.to_string()),
        DeValue::Integer(integer) => {
            let text = integer.as_str();
            let whole = i64::from_str_radix(text, integer.radix()).ok();
            // Beyond 2^53 a number would become another one.
            let exact = whole.and_then(|whole| {
                let magnitude = whole_to_float(whole.unsigned_abs());
                float_to_whole(magnitude).filter(|back| *back == whole.unsigned_abs())?;
                Some(if whole < 0 { -magnitude } else { magnitude })
            });
            exact.map_or_else(|| SourceValue::Text(text.to_owned()), SourceValue::Number)
        }
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => SourceValue::Number(number),
            Ok(_) | Err(_) => SourceValue::Text(float.as_str().to_owned()),
        },
        DeValue::Boolean(flag) => SourceValue::Flag(*flag),
        DeValue::Datetime(time) => SourceValue::Text(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => {
            report.losses.add("structure_of_member", || {
                format!("{file}: '{name}' has members of its own; it is kept as a text only")
            });
            SourceValue::Text(flat(value))
        }
    }
}

/// A value on one line; how deep it goes is limited by the parser.
fn flat(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(integer) => integer.as_str().to_owned(),
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(items) => {
            let items = items.iter().map(|item| flat(item.get_ref()));
            items.collect::<Vec<_>>().join("; ")
        }
        DeValue::Table(members) => {
            let members = members
                .iter()
                .map(|(key, value)| format!("{}={}", key.get_ref(), flat(value.get_ref())));
            members.collect::<Vec<_>>().join("; ")
        }
    }
}

/// A colour as `#rrggbb`; what is none is kept as it is, and told.
pub(super) fn colour(file: &str, name: &str, value: &DeValue<'_>, report: &mut LossReport) -> SourceValue {
    let hex = match value {
        DeValue::String(text) => hex(text),
        DeValue::Array(parts) => {
            let parts: Option<Vec<u8>> = parts
                .iter()
                .map(|part| part.get_ref().as_integer()?.as_str().parse().ok())
                .collect();
            match parts.as_deref() {
                Some([red, green, blue]) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
                Some(_) | None => None,
            }
        }
        DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Table(_) => None,
    };
    if let Some(hex) = hex {
        return SourceValue::Text(hex);
    }
    let text = flat(value);
    report.warnings.add("colour_unknown", || {
        format!("{file}: '{text}' is no colour such as \"#d62728\"; it is kept as it is")
    });
    public_fact(file, name, value, report)
}

/// `#rgb` or `#rrggbb`, in any case.
fn hex(text: &str) -> Option<String> {
    let digits = text.strip_prefix('#')?.to_ascii_lowercase();
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    match digits.len() {
        3 => Some(
            digits
                .chars()
                .fold(String::from("#"), |hex, digit| format!("{hex}{digit}{digit}")),
        ),
        6 => Some(format!("#{digits}")),
        _ => None,
    }
}
