//! Colours as sources write them, as `#rrggbb`.

/// Returns the fact for a colour: `#RRGGBB` is one; any other text is kept under another name.
pub(crate) fn colour_fact(text: &str) -> (&'static str, String) {
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        ("colour", text.to_ascii_lowercase())
    } else {
        ("colour_as_given", text.to_owned())
    }
}

/// Returns the fact for a colour that is written as one decimal number, blue · 65536 + green · 256 + red.
pub(crate) fn bgr_fact(text: &str) -> (&'static str, String) {
    match text.trim().parse::<u32>() {
        Ok(number) if number <= 0x00ff_ffff => {
            let [_, blue, green, red] = number.to_be_bytes();
            ("colour", format!("#{red:02x}{green:02x}{blue:02x}"))
        }
        Ok(_) | Err(_) => colour_fact(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_six_hex_digits_or_stay_as_given() {
        assert_eq!(colour_fact("#F4FA58"), ("colour", "#f4fa58".to_owned()));
        for other in ["red", "#fff", "#12345g", "", "rgb(1,2,3)"] {
            assert_eq!(colour_fact(other), ("colour_as_given", other.to_owned()));
        }
    }

    #[test]
    fn decimal_colours_hold_blue_first() {
        assert_eq!(bgr_fact("255"), ("colour", "#ff0000".to_owned()));
        assert_eq!(bgr_fact("65280"), ("colour", "#00ff00".to_owned()));
        assert_eq!(bgr_fact("16711680"), ("colour", "#0000ff".to_owned()));
        assert_eq!(bgr_fact("16777216"), ("colour_as_given", "16777216".to_owned()));
        assert_eq!(bgr_fact("-1"), ("colour_as_given", "-1".to_owned()));
    }
}
