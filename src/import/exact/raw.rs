//! Annotations as they stand in the file; what of them is used, and what is kept as it is.

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess};

use super::super::document::SourceFacts;
use super::super::json::{
    Any, AnySeed, Context, Elements, ElementsOr, IdSeed, Members, MembersOr, MembersSeed, RawId, keep,
    keep_unknown,
};
use super::assemble::Assembler;
use super::vector::Vector;

/// The annotations of a list, each taken over as soon as it is read.
pub(super) struct Annotations<'a>(pub(super) &'a mut Assembler);

impl Elements for Annotations<'_> {
    const EXPECTED: &'static str = "a list of annotations";

    fn take<'de, D: Deserializer<'de>>(
        &mut self,
        context: &mut Context<'_>,
        index: usize,
        element: D,
    ) -> Result<(), D::Error> {
        let mut annotation = Annotation::default();
        MembersSeed(&mut annotation, context).deserialize(element)?;
        self.0.annotation(context, index, annotation);
        Ok(())
    }
}

/// A page of a list, or an object that holds one.
pub(super) struct Page<'a> {
    pub(super) assembler: &'a mut Assembler,
    pub(super) has_list: bool,
}

impl Members for Page<'_> {
    const EXPECTED: &'static str = "a list of annotations, or a page of one";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let file = context.file;
        match name {
            "results" | "annotations" => {
                if std::mem::replace(&mut self.has_list, true) {
                    return Err(A::Error::custom("the file has two lists of annotations"));
                }
                let mut annotations = Annotations(self.assembler);
                let other = map.next_value_seed(ElementsOr(&mut annotations, context))?;
                self.has_list = other.is_none();
            }
            "next" => {
                let next = map.next_value_seed(AnySeed(context))?;
                if next != Any::Null {
                    context.report.losses.add("further_pages", || {
                        format!("{file}, /next: this is one page of several; the others are not in this file")
                    });
                }
            }
            "count" | "previous" => {
                map.next_value::<IgnoredAny>()?;
            }
            other => {
                map.next_value::<IgnoredAny>()?;
                context.report.losses.add("unknown_member", || {
                    format!(
                        "{file}: the member '{other}' beside the annotations is not known; it was passed over"
                    )
                });
            }
        }
        Ok(())
    }
}

/// Something that is written out, or named by its number.
#[derive(Debug, PartialEq, Default)]
pub(super) enum Written<T> {
    /// It is not there.
    #[default]
    Absent,
    /// Only its number is.
    Number(String),
    /// All of it.
    Whole(T),
}

/// Reads an object, or the number of one.
fn written<'de, A: MapAccess<'de>, T: Members + Default>(
    map: &mut A,
    context: &mut Context<'_>,
) -> Result<Written<T>, A::Error> {
    let mut whole = T::default();
    Ok(match map.next_value_seed(MembersOr(&mut whole, context))? {
        None => Written::Whole(whole),
        Some(other) => match other {
            Any::Number(number) => Written::Number(super::super::json::number_text(number)),
            Any::Digits(text) | Any::Text(text) => Written::Number(text),
            Any::Null | Any::NotANumber(_) | Any::Flag(_) | Any::Nested(..) => Written::Absent,
        },
    })
}

/// The type of an annotation: its class.
#[derive(Debug, PartialEq, Default)]
pub(super) struct Kind {
    pub(super) name: Option<String>,
    pub(super) vector_type: Option<f64>,
    pub(super) colour: Option<String>,
    seen: Vec<&'static str>,
}

/// Notes that a used member is there; refuses the second time.
fn once<E: serde::de::Error>(
    seen: &mut Vec<&'static str>,
    used: &[&'static str],
    record: &str,
    name: &str,
) -> Result<(), E> {
    let Some(used) = used.iter().find(|used| **used == name) else {
        return Ok(());
    };
    if seen.contains(used) {
        return Err(E::custom(format!("{record} has the member '{name}' twice")));
    }
    seen.push(used);
    Ok(())
}

impl Members for Kind {
    const EXPECTED: &'static str = "an annotation type";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        once(
            &mut self.seen,
            &["name", "vector_type", "color_code"],
            "an annotation type",
            name,
        )?;
        // What else a type has is how the tool draws it.
        match (name, map.next_value_seed(AnySeed(context))?) {
            ("name", Any::Text(text)) => self.name = Some(text).filter(|text| !text.is_empty()),
            ("vector_type", Any::Number(number)) => self.vector_type = Some(number),
            ("color_code", Any::Text(text)) => self.colour = Some(text),
            _ => {}
        }
        Ok(())
    }
}

/// The image of an annotation.
#[derive(Debug, PartialEq, Default)]
pub(super) struct Picture {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) filename: Option<String>,
    pub(super) width: Option<f64>,
    pub(super) height: Option<f64>,
    pub(super) resolution: Option<f64>,
    pub(super) facts: SourceFacts,
    seen: Vec<&'static str>,
}

impl Members for Picture {
    const EXPECTED: &'static str = "an image";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        const USED: [&str; 6] = ["id", "name", "filename", "width", "height", "mpp"];
        once(&mut self.seen, &USED, "an image", name)?;
        if matches!(
            name,
            "annotations" | "image_set" | "time" | "thumbnail_extension" | "registrations"
        ) {
            map.next_value::<IgnoredAny>()?;
            return Ok(());
        }
        let text = |text: String| Some(text).filter(|text| !text.is_empty());
        match (name, map.next_value_seed(AnySeed(context))?) {
            ("id", Any::Number(number)) => self.id = Some(super::super::json::number_text(number)),
            ("id", Any::Digits(digits)) => self.id = Some(digits),
            ("name", Any::Text(name)) => self.name = text(name),
            ("filename", Any::Text(name)) => self.filename = text(name),
            ("width", Any::Number(number)) if number > 0.0 => self.width = Some(number),
            ("height", Any::Number(number)) if number > 0.0 => self.height = Some(number),
            // µm for each pixel; 0 is not known.
            ("mpp", Any::Number(number)) if number > 0.0 => self.resolution = Some(number),
            ("id" | "width" | "height" | "mpp", _) => {}
            ("objectivePower", Any::Number(0.0)) => {}
            ("objectivePower", other) => keep(context, &mut self.facts, "objective_power", other),
            (_, other) => keep(context, &mut self.facts, name, other),
        }
        Ok(())
    }
}

/// Who made or changed an annotation.
#[derive(Debug, PartialEq, Default)]
pub(super) struct User {
    id: Option<String>,
    username: Option<String>,
    name: Option<String>,
}

impl Members for User {
    const EXPECTED: &'static str = "a user";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match (name, map.next_value_seed(AnySeed(context))?) {
            ("id", Any::Number(number)) => self.id = Some(super::super::json::number_text(number)),
            ("username", Any::Text(text)) => self.username = Some(text).filter(|text| !text.is_empty()),
            ("name", Any::Text(text)) => self.name = Some(text).filter(|text| !text.is_empty()),
            _ => {}
        }
        Ok(())
    }
}

impl Written<User> {
    /// The name by which somebody is known again.
    pub(super) fn person(self) -> Option<String> {
        let numbered = |number: String| format!("EXACT user {number}");
        match self {
            Self::Absent => None,
            Self::Number(number) => Some(numbered(number)),
            Self::Whole(user) => user.username.or(user.name).or_else(|| user.id.map(numbered)),
        }
    }
}

/// One annotation.
#[derive(Default)]
pub(super) struct Annotation {
    pub(super) id: RawId,
    pub(super) uuid: Option<Any>,
    pub(super) kind: Written<Kind>,
    pub(super) image: Written<Picture>,
    /// `None` where it is null or missing.
    pub(super) vector: Option<Vector>,
    pub(super) user: Written<User>,
    pub(super) last_editor: Written<User>,
    pub(super) is_deleted: bool,
    pub(super) is_generated: bool,
    pub(super) time: Option<Any>,
    pub(super) last_edit_time: Option<Any>,
    pub(super) versions: usize,
    pub(super) facts: SourceFacts,
    seen: Vec<&'static str>,
}

impl Members for Annotation {
    const EXPECTED: &'static str = "an annotation";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        const USED: [&str; 12] = [
            "id",
            "unique_identifier",
            "annotation_type",
            "image",
            "vector",
            "user",
            "first_editor",
            "last_editor",
            "deleted",
            "time",
            "last_edit_time",
            "generated",
        ];
        once(&mut self.seen, &USED, "an annotation", name)?;
        match name {
            "id" => self.id = map.next_value_seed(IdSeed(context, "id"))?,
            "unique_identifier" => self.uuid = Some(map.next_value_seed(AnySeed(context))?),
            "annotation_type" => self.kind = written(map, context)?,
            "image" => self.image = written(map, context)?,
            "vector" => {
                let mut vector = Vector::default();
                let other = map.next_value_seed(MembersOr(&mut vector, context))?;
                vector.sort()?;
                self.vector = other.is_none().then_some(vector);
            }
            "user" | "first_editor" => self.user = written(map, context)?,
            "last_editor" => self.last_editor = written(map, context)?,
            "deleted" => self.is_deleted = map.next_value_seed(AnySeed(context))? == Any::Flag(true),
            "generated" => self.is_generated = map.next_value_seed(AnySeed(context))? == Any::Flag(true),
            "time" => self.time = Some(map.next_value_seed(AnySeed(context))?),
            "last_edit_time" => self.last_edit_time = Some(map.next_value_seed(AnySeed(context))?),
            "annotationversion_set" => {
                let mut versions = Count(0);
                map.next_value_seed(ElementsOr(&mut versions, context))?;
                self.versions = versions.0;
            }
            other => self.other(context, other, map)?,
        }
        Ok(())
    }
}

impl Annotation {
    /// A member that is kept, unless it says nothing.
    fn other<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        const FLAGS: [&str; 5] = [
            "verified_by_user",
            "is_verified",
            "concealed",
            "blurred",
            "locked",
        ];
        const LISTS: [&str; 4] = ["uploaded_media_files", "media_files", "meta_data", "description"];
        if !FLAGS.contains(&name) && !LISTS.contains(&name) {
            return keep_unknown(map, context, &mut self.facts, name);
        }
        match map.next_value_seed(AnySeed(context))? {
            Any::Null | Any::Flag(false) => {}
            Any::Nested(text, _) if text == "[]" || text == "{}" => {}
            Any::Text(text) if text.is_empty() => {}
            Any::Text(text) if name == "description" => {
                let kind = super::super::document::PrivateTextKind::FreeText;
                let value = super::super::personal::private(kind, &text);
                self.facts.insert(name.to_owned(), value);
            }
            // Whether the one who asked the server has verified it; who that was is not in the file.
            other @ (Any::NotANumber(_)
            | Any::Flag(_)
            | Any::Number(_)
            | Any::Digits(_)
            | Any::Text(_)
            | Any::Nested(..)) => keep(context, &mut self.facts, name, other),
        }
        Ok(())
    }
}

/// Counts the elements of a list.
struct Count(usize);

impl Elements for Count {
    const EXPECTED: &'static str = "a list";

    fn take<'de, D: Deserializer<'de>>(
        &mut self,
        _: &mut Context<'_>,
        _: usize,
        element: D,
    ) -> Result<(), D::Error> {
        <IgnoredAny as serde::Deserialize>::deserialize(element)?;
        self.0 += 1;
        Ok(())
    }
}
