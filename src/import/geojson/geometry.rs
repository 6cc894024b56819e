//! A geometry as GeoJSON says it, and the places that it marks.

use serde::de::{Deserializer, MapAccess};

use super::super::document::SourceFacts;
use super::super::json::{
    Any, AnySeed, Context, Elements, ElementsOr, Members, MembersOr, Seen, keep_unknown,
};
use super::coordinates::{Coordinates, CoordinatesSeed, Unusable};
use crate::model::geometry::{Drawn, Plane, Position, float_to_whole};

/// A geometry as read.
#[derive(Debug, Default)]
pub(super) struct RawGeometry {
    kind: Option<String>,
    coordinates: Option<Coordinates>,
    geometries: Option<Vec<RawGeometry>>,
    /// Whether the polygon stands for the ellipse within its bounds.
    pub(super) is_ellipse: bool,
    pub(super) plane: Option<RawPlane>,
    pub(super) facts: SourceFacts,
    /// What stands where an object belongs.
    other: Option<Any>,
}

/// `plane` as read.
#[derive(Debug, Default)]
pub(super) struct RawPlane {
    c: Option<Any>,
    z: Option<Any>,
    t: Option<Any>,
    is_odd: bool,
}

/// What a `plane` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaneRead {
    /// The default one: no plane of a stack.
    Default,
    /// A plane; whether its channel was -1.
    Plane(Plane, AllChannels),
    /// Numbers that are no plane.
    Unusable,
}

/// Whether a plane is of all channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AllChannels {
    /// It is; `c` is -1 there.
    Yes,
    /// It names one.
    No,
}

impl RawGeometry {
    /// Reads a geometry, or keeps what stands there instead.
    pub(super) fn read<'de, A: MapAccess<'de>>(
        map: &mut A,
        context: &mut Context<'_>,
    ) -> Result<Self, A::Error> {
        let mut geometry = Self::default();
        let mut members = GeometryMembers(&mut geometry, Seen::of("a geometry"));
        geometry.other = map.next_value_seed(MembersOr(&mut members, context))?;
        Ok(geometry)
    }

    /// Returns the places that it marks: one for most types, several for those of several points or lines and for
    /// collections.
    pub(super) fn places(&self, context: &mut Context<'_>) -> Result<Vec<Drawn>, Unusable> {
        let missing = || Unusable::new("geometry_missing", "it has no 'geometry', or an empty one");
        let Some(kind) = self.kind.as_deref() else {
            return Err(match &self.other {
                Some(Any::Null) | None if self.coordinates.is_none() => missing(),
                Some(_) | None => Unusable::new("geometry_unusable", "'geometry' has no type"),
            });
        };
        if kind == "GeometryCollection" {
            let parts = self.geometries.as_deref().unwrap_or_default();
            let places: Result<Vec<_>, _> = parts.iter().map(|part| part.places(context)).collect();
            let places = places?.concat();
            return if places.is_empty() {
                Err(missing())
            } else {
                Ok(places)
            };
        }
        let Some(coordinates) = &self.coordinates else {
            return Err(Unusable::new(
                "geometry_unusable",
                format!("a {kind} has no 'coordinates'"),
            ));
        };
        if let Coordinates::Bad(bad) = coordinates {
            return Err(bad.clone());
        }
        if is_empty(coordinates) {
            return Err(Unusable::new(
                "geometry_empty",
                format!("a {kind} without a position"),
            ));
        }
        let places = match kind {
            "Point" => position(coordinates).map(|at| vec![Drawn::Point(at)]),
            "MultiPoint" => {
                line(coordinates).map(|points| points.iter().copied().map(Drawn::Point).collect())
            }
            "LineString" => line(coordinates).map(|points| vec![Drawn::Line(points.to_vec())]),
            "MultiLineString" => lists(coordinates).and_then(|lists| {
                let lines = lists.iter().map(|list| Some(Drawn::Line(line(list)?.to_vec())));
                lines.collect::<Option<Vec<_>>>()
            }),
            "Polygon" => {
                let rings = rings(coordinates, context).transpose()?;
                rings.map(|rings| vec![Drawn::Polygon(rings)])
            }
            "MultiPolygon" => {
                let polygons = lists(coordinates).and_then(|lists| {
                    let polygons = lists.iter().map(|list| rings(list, context));
                    polygons.collect::<Option<Result<Vec<_>, _>>>()
                });
                let polygons = polygons.transpose()?;
                polygons.map(|polygons| vec![Drawn::MultiPolygon(polygons)])
            }
            other => {
                return Err(Unusable::new(
                    "geometry_unusable",
                    format!("'{other}' is no type of geometry"),
                ));
            }
        };
        let places = places.ok_or_else(|| {
            Unusable::new(
                "coordinates_unusable",
                format!("'coordinates' are not nested as those of a {kind}"),
            )
        })?;
        let is_short = |place: &Drawn| matches!(place, Drawn::Line(points) if points.len() < 2);
        if places.iter().any(is_short) {
            return Err(Unusable::new(
                "too_few_points",
                "a line has fewer than 2 positions",
            ));
        }
        Ok(places)
    }
}

fn is_empty(coordinates: &Coordinates) -> bool {
    match coordinates {
        Coordinates::Empty => true,
        Coordinates::Lists(lists) => lists.iter().all(is_empty),
        Coordinates::Position(_) | Coordinates::Line(_) | Coordinates::Bad(_) => false,
    }
}

fn position(coordinates: &Coordinates) -> Option<Position> {
    match coordinates {
        Coordinates::Position(position) => Some(*position),
        Coordinates::Empty | Coordinates::Line(_) | Coordinates::Lists(_) | Coordinates::Bad(_) => None,
    }
}

fn line(coordinates: &Coordinates) -> Option<&[Position]> {
    match coordinates {
        Coordinates::Line(points) => Some(points),
        Coordinates::Empty | Coordinates::Position(_) | Coordinates::Lists(_) | Coordinates::Bad(_) => None,
    }
}

fn lists(coordinates: &Coordinates) -> Option<&[Coordinates]> {
    match coordinates {
        Coordinates::Lists(lists) => Some(lists),
        Coordinates::Empty | Coordinates::Position(_) | Coordinates::Line(_) | Coordinates::Bad(_) => None,
    }
}

/// Returns the rings of a polygon, without the last position where it closes its ring; `None` when the nesting is
/// another.
fn rings(
    coordinates: &Coordinates,
    context: &mut Context<'_>,
) -> Option<Result<Vec<Vec<Position>>, Unusable>> {
    let mut rings = Vec::new();
    for list in lists(coordinates)? {
        let ring = if is_empty(list) { &[] } else { line(list)? };
        let open = match ring.split_last() {
            Some((last, open)) if open.first() == Some(last) => open,
            _ => {
                context.note("ring_not_closed", || {
                    "a ring of a polygon does not end where it begins; its last position is joined to its first"
                        .to_owned()
                });
                ring
            }
        };
        if open.len() < 3 {
            let why = "a ring of a polygon has fewer than 3 positions";
            return Some(Err(Unusable::new("too_few_points", why)));
        }
        rings.push(open.to_vec());
    }
    Some(Ok(rings))
}

/// The members of a geometry.
struct GeometryMembers<'g>(&'g mut RawGeometry, Seen<&'static str>);

impl Members for GeometryMembers<'_> {
    const EXPECTED: &'static str = "an object as 'geometry'";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let Self(geometry, seen) = self;
        match name {
            "type" => {
                seen.once(0, name)?;
                match map.next_value_seed(AnySeed(context))? {
                    Any::Text(kind) => geometry.kind = Some(kind),
                    other => geometry.other = Some(other),
                }
            }
            "coordinates" => {
                seen.once(1, name)?;
                geometry.coordinates = Some(map.next_value_seed(CoordinatesSeed(context))?);
            }
            "geometries" => {
                seen.once(2, name)?;
                let mut parts = Parts::default();
                if map.next_value_seed(ElementsOr(&mut parts, context))?.is_none() {
                    for (name, value) in parts
                        .0
                        .iter_mut()
                        .flat_map(|part| std::mem::take(&mut part.facts))
                    {
                        geometry.facts.entry(name).or_insert(value);
                    }
                    geometry.geometries = Some(parts.0);
                }
            }
            "isEllipse" => {
                seen.once(3, name)?;
                let any = map.next_value_seed(AnySeed(context))?;
                geometry.is_ellipse = any == Any::Flag(true);
            }
            "plane" => {
                seen.once(4, name)?;
                let mut plane = RawPlane::default();
                let other = map.next_value_seed(MembersOr(&mut plane, context))?;
                plane.is_odd |= other.as_ref().is_some_and(|other| *other != Any::Null);
                geometry.plane = (other != Some(Any::Null)).then_some(plane);
            }
            other => keep_unknown(map, context, &mut geometry.facts, other)?,
        }
        Ok(())
    }
}

/// The parts of a collection.
#[derive(Default)]
struct Parts(Vec<RawGeometry>);

impl Elements for Parts {
    const EXPECTED: &'static str = "a list of geometries";

    fn take<'de, D: Deserializer<'de>>(
        &mut self,
        context: &mut Context<'_>,
        _: usize,
        element: D,
    ) -> Result<(), D::Error> {
        use serde::de::DeserializeSeed as _;
        let mut part = RawGeometry::default();
        let mut members = GeometryMembers(&mut part, Seen::of("a geometry"));
        part.other = MembersOr(&mut members, context).deserialize(element)?;
        self.0.push(part);
        Ok(())
    }
}

impl Members for RawPlane {
    const EXPECTED: &'static str = "an object as 'plane'";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let any = map.next_value_seed(AnySeed(context))?;
        let slot = match name {
            "c" => &mut self.c,
            "z" => &mut self.z,
            "t" => &mut self.t,
            _ => {
                self.is_odd = true;
                return Ok(());
            }
        };
        self.is_odd |= slot.replace(any).is_some();
        Ok(())
    }
}

impl RawPlane {
    /// Says which plane it is: without a member, QuPath's default of it (channel -1, focus level and time 0).
    pub(super) fn plane(&self) -> PlaneRead {
        let whole = |any: &Option<Any>| match any {
            None => Some(0),
            Some(Any::Number(number)) => float_to_whole(*number).and_then(|whole| u32::try_from(whole).ok()),
            Some(
                Any::Null
                | Any::NotANumber(_)
                | Any::Flag(_)
                | Any::Digits(_)
                | Any::Text(_)
                | Any::Nested(..),
            ) => None,
        };
        let is_all = matches!(self.c, None | Some(Any::Number(-1.0)));
        let c = if is_all { Some(0) } else { whole(&self.c) };
        let (false, Some(c), Some(z), Some(t)) = (self.is_odd, c, whole(&self.z), whole(&self.t)) else {
            return PlaneRead::Unusable;
        };
        match (is_all, z, t) {
            (true, 0, 0) => PlaneRead::Default,
            (true, ..) => PlaneRead::Plane(Plane { c, t, z }, AllChannels::Yes),
            (false, ..) => PlaneRead::Plane(Plane { c, t, z }, AllChannels::No),
        }
    }

    /// Returns its numbers as a text, to be kept where they are no plane.
    pub(super) fn text(&self) -> String {
        let one = |any: &Option<Any>| any.as_ref().map_or_else(|| "-".to_owned(), Any::to_text);
        format!("c {}, z {}, t {}", one(&self.c), one(&self.z), one(&self.t))
    }
}
