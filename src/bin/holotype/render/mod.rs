//! Results as text: pure functions from values to strings. Nothing here prints.

pub(crate) mod diff;
mod diff_geojson;
mod diff_html;
mod diff_json;
mod diff_markdown;
mod diff_text;
