//! Which column of a table says what: by the names that Holotype writes, else by those that others usually take.

use super::error::Fault;
use super::footer::{Column, Footer};
use crate::codec::{Record, Tag, record};

/// The key under which our tables say that they are ours.
const ABOUT_KEY: &str = "holotype";
/// The key under which GeoParquet says which column the geometries are in.
const GEO_KEY: &str = "geo";

const GEOMETRY: [&str; 4] = ["geometry", "wkb", "geom", "wkb_geometry"];
const LABEL: [&str; 6] = [
    "label",
    "class",
    "classification",
    "category",
    "class_name",
    "label_name",
];
const IMAGE: [&str; 7] = [
    "image",
    "image_name",
    "file_name",
    "filename",
    "slide",
    "slide_name",
    "image_id",
];
const ID: [&str; 5] = ["annotation", "id", "uuid", "guid", "annotation_id"];
const BOUNDS: [&str; 4] = ["x", "y", "width", "height"];
/// Columns of our tables that follow from others.
const DERIVED: [&str; 9] = [
    "image_id",
    "recorded_label",
    "ratings",
    "annotators",
    "geometry_exact",
    "area_px2",
    "area_um2",
    "lineage",
    "source_id",
];

record! {
    /// What our tables say of themselves.
    struct About {
        format: Tag<About>,
        name: String,
    }
}

impl Record for About {
    const FORMAT: &'static str = "holotype/parquet/1";
}

/// What GeoParquet says, as far as it is needed.
#[derive(serde::Deserialize)]
struct Geo {
    primary_column: String,
}

/// Which column says what, by places in [`Footer::columns`].
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Whether Holotype wrote the table.
    pub(super) is_ours: bool,
    pub(super) geometry: usize,
    pub(super) shape: Option<usize>,
    pub(super) bounds: [Option<usize>; 4],
    pub(super) image: Option<usize>,
    pub(super) label: Option<usize>,
    pub(super) id: Option<usize>,
    pub(super) attributes: Option<usize>,
    pub(super) carried: Option<usize>,
    /// Those that are kept as attributes.
    pub(super) others: Vec<usize>,
}

impl Plan {
    /// Decides for a table.
    pub(super) fn of(footer: &Footer<'_>) -> Result<Self, Fault> {
        let about = footer.metadata(ABOUT_KEY);
        let is_ours = about.is_some_and(|about| serde_json::from_slice::<About>(about).is_ok());
        let columns = &footer.columns;
        let named = |name: &str| {
            columns
                .iter()
                .position(|column| column.name.eq_ignore_ascii_case(name))
        };
        let first = |names: &[&str]| names.iter().find_map(|name| named(name));
        let geo = footer.metadata(GEO_KEY);
        let primary = geo
            .and_then(|geo| serde_json::from_slice::<Geo>(geo).ok())
            .and_then(|geo| named(&geo.primary_column));
        let geometry = primary
            .or_else(|| first(&GEOMETRY))
            .ok_or_else(|| Fault::NoGeometry {
                columns: names_of(columns, footer),
            })?;
        let ours = |name: &str| is_ours.then(|| named(name)).flatten();
        let mut plan = Self {
            is_ours,
            geometry,
            shape: ours("shape"),
            bounds: BOUNDS.map(ours),
            image: first(&IMAGE),
            label: first(&LABEL),
            id: first(&ID),
            attributes: ours("attributes"),
            carried: named("holotype"),
            others: Vec::new(),
        };
        let used = plan.used();
        let is_derived = |column: &Column| is_ours && DERIVED.contains(&column.name.as_str());
        plan.others = (0..columns.len())
            .filter(|place| !used.contains(place) && !columns.get(*place).is_some_and(is_derived))
            .collect();
        Ok(plan)
    }

    /// Returns the places of all columns that are read for what they say.
    fn used(&self) -> Vec<usize> {
        let single = [
            Some(self.geometry),
            self.shape,
            self.image,
            self.label,
            self.id,
            self.attributes,
            self.carried,
        ];
        single.into_iter().chain(self.bounds).flatten().collect()
    }

    /// Returns the places of all columns that are read.
    pub(super) fn all(&self) -> Vec<usize> {
        let mut all = self.used();
        all.extend(&self.others);
        all
    }
}

fn names_of(columns: &[Column], footer: &Footer<'_>) -> String {
    let names = columns.iter().map(|column| column.name.as_str());
    let names: Vec<&str> = names
        .chain(footer.nested.iter().map(String::as_str))
        .take(20)
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
