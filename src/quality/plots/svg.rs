//! A small writer of SVG: rectangles, lines, circles and text. All lengths in px of the figure.

use std::fmt::Write;

/// The size of common text.
pub(super) const TEXT: f64 = 13.0;
/// The colour of common text.
pub(super) const INK: &str = "#222222";
/// The colour of axes.
pub(super) const GREY: &str = "#999999";
/// The colour of lines that only guide the eye.
pub(super) const PALE: &str = "#e3e3e3";

/// Where text stands about its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A figure that is drawn.
pub(super) struct Svg {
    width: f64,
    height: f64,
    title: String,
    body: String,
}

/// About how wide a text is in a common typeface without serifs.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().fold(0.0, |width, _| width + 0.57 * size)
}

/// Shortens a text to what fits.
pub(super) fn shortened(text: &str, width_max: f64, size: f64) -> String {
    if text_width(text, size) <= width_max {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        if text_width(&short, size) + 1.2 * size > width_max {
            break;
        }
        short.push(character);
    }
    short.push('…');
    short
}

/// A number with two decimals at most, and never a negative zero.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" | "" => "0".to_owned(),
        text => text.to_owned(),
    }
}

/// Text as XML 1.0 can have it.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            character if character.is_control() => safe.push('\u{fffd}'),
            character => safe.push(character),
        }
    }
    safe
}

impl Svg {
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        Self {
            width,
            height,
            title: title.to_owned(),
            body: String::new(),
        }
    }

    fn add(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.body.write_fmt(line);
        self.body.push('\n');
    }

    pub(super) fn rect(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], fill: &str) {
        self.add(format_args!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" fill="{fill}"/>"#,
            number(x),
            number(y),
            number(width),
            number(height)
        ));
    }

    pub(super) fn line(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], colour: &str, width: f64) {
        self.add(format_args!(
            r#"<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{colour}" stroke-width="{}"/>"#,
            number(x1),
            number(y1),
            number(x2),
            number(y2),
            number(width)
        ));
    }

    pub(super) fn polyline(&mut self, points: &[[f64; 2]], colour: &str) {
        let list: Vec<String> = points
            .iter()
            .map(|[x, y]| format!("{},{}", number(*x), number(*y)))
            .collect();
        self.add(format_args!(
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#,
            list.join(" ")
        ));
    }

    pub(super) fn circle(&mut self, [x, y]: [f64; 2], radius: f64, fill: &str) {
        self.add(format_args!(
            r#"<circle cx="{}" cy="{}" r="{}" fill="{fill}"/>"#,
            number(x),
            number(y),
            number(radius)
        ));
    }

    pub(super) fn text(&mut self, at: [f64; 2], anchor: Anchor, text: &str) {
        self.text_as(at, anchor, TEXT, INK, text);
    }

    pub(super) fn text_as(&mut self, [x, y]: [f64; 2], anchor: Anchor, size: f64, colour: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.add(format_args!(
            r#"<text x="{}" y="{}" text-anchor="{anchor}" font-size="{}" fill="{colour}">{}</text>"#,
            number(x),
            number(y),
            number(size),
            escaped(text)
        ));
    }

    /// The whole file.
    pub(super) fn finish(self) -> String {
        let (width, height) = (number(self.width), number(self.height));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"Helvetica, Arial, sans-serif\">\n\
             <title>{}</title>\n\
             <rect x=\"0\" y=\"0\" width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escaped(&self.title),
            self.body
        )
    }
}
