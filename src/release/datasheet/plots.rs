//! Plots of a datasheet as SVG: bars, drawn from whole numbers, so that the same counts give the same bytes. No script, no
//! link, no font of elsewhere.

use crate::codec::escape_markup;

/// Bars that are drawn; what is beyond is summed up in one.
const BARS_MAX: usize = 30;
/// Height of a bar with the room between, in px.
const STEP_PX: u64 = 22;
/// The length of the longest bar, in px.
const LENGTH_PX: u64 = 400;
/// Where bars begin, in px.
const LEFT_PX: u64 = 220;

/// Draws a bar for each name, in the order given; lengths are rounded down to whole px.
pub(in crate::release) fn bars(title: &str, counts: &[(String, u64)]) -> String {
    let mut rows: Vec<(String, u64)> = counts.iter().take(BARS_MAX).cloned().collect();
    if let Some(rest) = counts.get(BARS_MAX..).filter(|rest| !rest.is_empty()) {
        rows.push((
            format!("{} others", rest.len()),
            rest.iter().map(|(_, count)| count).sum(),
        ));
    }
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let row_count = u64::try_from(rows.len()).unwrap_or(0);
    let (width, height) = (LEFT_PX + LENGTH_PX + 100, (row_count + 2) * STEP_PX);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<title>{0}</title>\n<text x=\"10\" y=\"16\" font-weight=\"bold\">{0}</text>\n",
        escape_markup(title)
    );
    for (number, (name, count)) in (1_u64..).zip(&rows) {
        let top = number * STEP_PX + 6;
        let length = bar_length(*count, most);
        let short: String = name.chars().take(30).collect();
        out.push_str(&format!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n\
             <rect x=\"{LEFT_PX}\" y=\"{top}\" width=\"{length}\" height=\"{}\" fill=\"#4477aa\"/>\n\
             <text x=\"{}\" y=\"{}\">{count}</text>\n",
            LEFT_PX - 8,
            top + 13,
            escape_markup(&short.replace(char::is_control, " ")),
            STEP_PX - 6,
            LEFT_PX + length + 6,
            top + 13
        ));
    }
    out.push_str("</svg>\n");
    out
}

/// The length of a bar in px: 0 for nothing, at least 1 for something.
fn bar_length(count: u64, most: u64) -> u64 {
    let scaled = u128::from(count) * u128::from(LENGTH_PX) / u128::from(most.max(1));
    u64::try_from(scaled)
        .unwrap_or(LENGTH_PX)
        .max(u64::from(count > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn r09_a_name_is_text() {
        let svg = bars(
            "<b>",
            &[("\"><script onload=x>".to_owned(), 3), ("b".to_owned(), 0)],
        );
        assert!(!svg.contains("<script") && !svg.contains("<b>"), "{svg}");
        assert!(
            svg.contains("width=\"400\" height=\"16\"") && svg.contains("width=\"0\" height=\"16\""),
            "{svg}"
        );
    }

    #[test]
    fn many_names_become_one_bar() {
        let counts: Vec<(String, u64)> = (0..100).map(|n| (format!("n{n}"), 1)).collect();
        let svg = bars("t", &counts);
        assert!(svg.contains(">70 others</text>"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 31);
    }

    proptest! {
        #[test]
        fn longer_bars_are_of_more(a in any::<u64>(), b in any::<u64>()) {
            let (less, more) = (a.min(b), a.max(b));
            prop_assert!(bar_length(less, more) <= bar_length(more, more));
            prop_assert!(bar_length(more, more) <= LENGTH_PX);
            prop_assert_eq!(bar_length(less, more) == 0, less == 0);
        }
    }
}
