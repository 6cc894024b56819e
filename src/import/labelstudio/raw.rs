//! Tasks, annotations and regions as they stand in the file; what of them is used, and what is kept as it is.

use serde::de::{Deserializer, Error as _, MapAccess};
use serde_json::value::RawValue;

use super::super::document::SourceFacts;
use super::super::json::{
    Any, AnySeed, Context, Elements, ElementsOr, IdSeed, Members, MembersOr, MembersSeed, RawId, Seen,
    keep_unknown,
};
use super::assemble::Assembler;
use super::shape::Shape;

/// What the server counts and links for itself; it says nothing of images or annotations.
const BOOKKEEPING: [&str; 20] = [
    "allow_skip",
    "cancelled_annotations",
    "comment_authors",
    "comment_count",
    "created_at",
    "draft_created_at",
    "file_upload",
    "import_id",
    "inner_id",
    "is_labeled",
    "last_action",
    "last_comment_updated_at",
    "last_created_by",
    "overlap",
    "project",
    "task",
    "total_annotations",
    "total_predictions",
    "unresolved_comment_count",
    "updated_at",
];

/// The tasks of a file, each taken over as soon as it is read.
pub(super) struct Tasks<'a>(pub(super) &'a mut Assembler);

impl Elements for Tasks<'_> {
    const EXPECTED: &'static str = "a list of tasks";

    fn take<'de, D: Deserializer<'de>>(
        &mut self,
        context: &mut Context<'_>,
        index: usize,
        element: D,
    ) -> Result<(), D::Error> {
        let mut task = Task::default();
        serde::de::DeserializeSeed::deserialize(MembersSeed(&mut task, context), element)?;
        self.0.task(context, Some(index), task);
        Ok(())
    }
}

/// A task, or a flat record of JSON-MIN.
#[derive(Default)]
pub(super) struct Task {
    seen: Once,
    pub(super) id: RawId,
    pub(super) data: Option<Data>,
    pub(super) annotations: Option<Sets>,
    pub(super) predictions: Sets,
    pub(super) drafts: usize,
    pub(super) facts: SourceFacts,
    /// Members of a flat record that are known.
    pub(super) flat: Set,
    /// Members that are known when it is known whether the record is flat.
    pub(super) others: Vec<(String, Box<RawValue>)>,
}

/// Refuses a used member that is there twice.
#[derive(Default)]
pub(super) struct Once(Option<Seen<&'static str>>);

impl Once {
    fn once<E: serde::de::Error>(&mut self, record: &'static str, n: u32, name: &str) -> Result<(), E> {
        self.0.get_or_insert_with(|| Seen::of(record)).once(n, name)
    }
}

impl Members for Task {
    const EXPECTED: &'static str = "a task";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let mut once = |n| self.seen.once("a task", n, name);
        match name {
            "id" => {
                once(0)?;
                self.id = map.next_value_seed(IdSeed(context, "id"))?;
            }
            "data" => {
                once(1)?;
                let mut data = Data::default();
                map.next_value_seed(MembersOr(&mut data, context))?;
                self.data = Some(data);
            }
            "annotations" | "completions" => {
                once(2)?;
                let mut sets = Sets::default();
                map.next_value_seed(ElementsOr(&mut sets, context))?;
                self.annotations = Some(sets);
            }
            "predictions" => {
                once(3)?;
                map.next_value_seed(ElementsOr(&mut self.predictions, context))?;
            }
            "drafts" => {
                once(4)?;
                let mut drafts = Count(0);
                map.next_value_seed(ElementsOr(&mut drafts, context))?;
                self.drafts = drafts.0;
            }
            "meta" => keep_unknown(map, context, &mut self.facts, name)?,
            "annotator" => {
                once(5)?;
                self.flat.by = who(map, context)?;
            }
            "annotation_id" => {
                once(6)?;
                self.flat.id = map.next_value_seed(IdSeed(context, "annotation_id"))?;
            }
            "created_at" => self.flat.created_at = map.next_value_seed(AnySeed(context))?,
            "updated_at" => self.flat.updated_at = map.next_value_seed(AnySeed(context))?,
            other => {
                let value = map.next_value::<Box<RawValue>>()?;
                if self.others.iter().any(|(known, _)| known == other) {
                    return Err(A::Error::custom(format!("a task has the member '{other}' twice")));
                }
                self.others.push((other.to_owned(), value));
            }
        }
        Ok(())
    }
}

/// Whether a member of a task or annotation is the server's own.
pub(super) fn is_bookkeeping(name: &str) -> bool {
    BOOKKEEPING.contains(&name)
}

/// The data of a task, in the order of the file.
#[derive(Default)]
pub(super) struct Data(pub(super) Vec<(String, Any)>);

impl Members for Data {
    const EXPECTED: &'static str = "an object as 'data'";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if self.0.iter().any(|(known, _)| known == name) {
            return Err(A::Error::custom(format!("'data' has the member '{name}' twice")));
        }
        let value = map.next_value_seed(AnySeed(context))?;
        self.0.push((name.to_owned(), value));
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
        <serde::de::IgnoredAny as serde::Deserialize>::deserialize(element)?;
        self.0 += 1;
        Ok(())
    }
}

/// The annotations or predictions of a task.
#[derive(Default)]
pub(super) struct Sets(pub(super) Vec<Set>);

impl Elements for Sets {
    const EXPECTED: &'static str = "a list of annotations";

    fn take<'de, D: Deserializer<'de>>(
        &mut self,
        context: &mut Context<'_>,
        _: usize,
        element: D,
    ) -> Result<(), D::Error> {
        let mut set = Set::default();
        // A number alone is how a task names an annotation that it does not hold.
        let other = serde::de::DeserializeSeed::deserialize(MembersOr(&mut set, context), element)?;
        set.is_named_only = other.is_some();
        self.0.push(set);
        Ok(())
    }
}

/// Who made an annotation.
#[derive(Default)]
pub(super) struct Who {
    id: Option<Any>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    username: Option<String>,
}

impl Members for Who {
    const EXPECTED: &'static str = "a user";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let value = map.next_value_seed(AnySeed(context))?;
        let slot = match (name, value) {
            ("id", value) => {
                self.id = Some(value);
                return Ok(());
            }
            ("email", Any::Text(text)) => (&mut self.email, text),
            ("first_name", Any::Text(text)) => (&mut self.first_name, text),
            ("last_name", Any::Text(text)) => (&mut self.last_name, text),
            ("username", Any::Text(text)) => (&mut self.username, text),
            _ => return Ok(()),
        };
        let (slot, text) = slot;
        *slot = Some(text).filter(|text| !text.is_empty());
        Ok(())
    }
}

impl Who {
    /// The name by which somebody is known again: the mail address, which is one person's alone, else the name, else
    /// the number on the server.
    fn name(self) -> Option<String> {
        let full = [self.first_name, self.last_name];
        let full: Vec<String> = full.into_iter().flatten().collect();
        self.email
            .or_else(|| (!full.is_empty()).then(|| full.join(" ")))
            .or(self.username)
            .or_else(|| self.id.as_ref().and_then(user_of))
    }
}

/// Names somebody by what stands alone: a number on the server, or a text.
fn user_of(any: &Any) -> Option<String> {
    match any {
        Any::Number(number) => Some(format!("Label Studio user {number}")),
        Any::Digits(digits) => Some(format!("Label Studio user {digits}")),
        Any::Text(text) if !text.is_empty() => Some(text.clone()),
        Any::Text(_) | Any::Null | Any::NotANumber(_) | Any::Flag(_) | Any::Nested(..) => None,
    }
}

/// Reads who made an annotation.
fn who<'de, A: MapAccess<'de>>(map: &mut A, context: &mut Context<'_>) -> Result<Option<String>, A::Error> {
    let mut who = Who::default();
    let other = map.next_value_seed(MembersOr(&mut who, context))?;
    Ok(match other {
        Some(other) => user_of(&other),
        None => who.name(),
    })
}

/// One annotation of a task: all that one person or model said about it.
pub(super) struct Set {
    seen: Once,
    pub(super) id: RawId,
    /// The name of who made it.
    pub(super) by: Option<String>,
    pub(super) regions: Option<Vec<Region>>,
    pub(super) was_cancelled: bool,
    pub(super) created_at: Any,
    pub(super) updated_at: Any,
    pub(super) model: Option<String>,
    /// Attributes of each of its regions: `lead_time`, `ground_truth`, `score`, …
    pub(super) facts: SourceFacts,
    /// Whether only its number is there.
    pub(super) is_named_only: bool,
}

impl Default for Set {
    fn default() -> Self {
        Self {
            seen: Once::default(),
            id: RawId::Absent,
            by: None,
            regions: None,
            was_cancelled: false,
            created_at: Any::Null,
            updated_at: Any::Null,
            model: None,
            facts: SourceFacts::new(),
            is_named_only: false,
        }
    }
}

impl Members for Set {
    const EXPECTED: &'static str = "an annotation";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let mut once = |n| self.seen.once("an annotation", n, name);
        match name {
            "id" => {
                once(0)?;
                self.id = map.next_value_seed(IdSeed(context, "id"))?;
            }
            "completed_by" => {
                once(1)?;
                self.by = who(map, context)?;
            }
            "result" => {
                once(2)?;
                let mut regions = Regions::default();
                let other = map.next_value_seed(ElementsOr(&mut regions, context))?;
                self.regions = other.is_none().then_some(regions.0);
            }
            "was_cancelled" | "skipped" => {
                let any = map.next_value_seed(AnySeed(context))?;
                self.was_cancelled |= any == Any::Flag(true);
            }
            "created_at" => {
                once(3)?;
                self.created_at = map.next_value_seed(AnySeed(context))?;
            }
            "updated_at" => {
                once(4)?;
                self.updated_at = map.next_value_seed(AnySeed(context))?;
            }
            "model_version" => {
                once(5)?;
                self.model = match map.next_value_seed(AnySeed(context))? {
                    Any::Text(text) if !text.is_empty() => Some(text),
                    Any::Number(number) => Some(number.to_string()),
                    Any::Text(_)
                    | Any::Digits(_)
                    | Any::Null
                    | Any::NotANumber(_)
                    | Any::Flag(_)
                    | Any::Nested(..) => None,
                };
            }
            "ground_truth" => {
                once(6)?;
                // False is what a file says that says nothing.
                if map.next_value_seed(AnySeed(context))? == Any::Flag(true) {
                    let value = super::super::document::SourceValue::Flag(true);
                    self.facts.insert(name.to_owned(), value);
                }
            }
            // The proposal that an annotation began with; it stands under 'predictions', too.
            "prediction" | "result_count" | "unique_id" | "updated_by" | "parent_prediction"
            | "parent_annotation" | "model" | "model_run" | "cluster" | "neighbors" | "mislabeling" => {
                map.next_value::<serde::de::IgnoredAny>()?;
            }
            other if is_bookkeeping(other) => {
                map.next_value::<serde::de::IgnoredAny>()?;
            }
            other => keep_unknown(map, context, &mut self.facts, other)?,
        }
        Ok(())
    }
}

/// The results of an annotation.
#[derive(Default)]
pub(super) struct Regions(pub(super) Vec<Region>);

impl Elements for Regions {
    const EXPECTED: &'static str = "a list of regions";

    fn take<'de, D: Deserializer<'de>>(
        &mut self,
        context: &mut Context<'_>,
        _: usize,
        element: D,
    ) -> Result<(), D::Error> {
        let mut region = Region::default();
        serde::de::DeserializeSeed::deserialize(MembersSeed(&mut region, context), element)?;
        self.0.push(region);
        Ok(())
    }
}

/// One result: a region, something said of a region, or a relation of two.
#[derive(Default, PartialEq, Debug)]
pub(super) struct Region {
    seen: u32,
    pub(super) id: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) shape: Shape,
    pub(super) width: Option<f64>,
    pub(super) height: Option<f64>,
    pub(super) image_rotation: f64,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) facts: SourceFacts,
}

impl Region {
    fn once<E: serde::de::Error>(&mut self, n: u32, name: &str) -> Result<(), E> {
        let bit = 1 << n;
        if self.seen & bit != 0 {
            return Err(E::custom(format!("a region has the member '{name}' twice")));
        }
        self.seen |= bit;
        Ok(())
    }
}

/// Takes an id of a region, which is a text; a number is taken by its digits.
fn id_text(any: Any) -> Option<String> {
    match any {
        Any::Text(text) | Any::Digits(text) if !text.is_empty() => Some(text),
        Any::Number(number) => Some(super::super::json::number_text(number)),
        Any::Text(_) | Any::Digits(_) | Any::Null | Any::NotANumber(_) | Any::Flag(_) | Any::Nested(..) => {
            None
        }
    }
}

fn number(any: &Any) -> Option<f64> {
    match any {
        Any::Number(number) => Some(*number),
        Any::Text(_) | Any::Digits(_) | Any::Null | Any::NotANumber(_) | Any::Flag(_) | Any::Nested(..) => {
            None
        }
    }
}

impl Members for Region {
    const EXPECTED: &'static str = "a region";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match name {
            "id" => {
                self.once(0, name)?;
                self.id = id_text(map.next_value_seed(AnySeed(context))?);
            }
            "type" => {
                self.once(1, name)?;
                self.kind = id_text(map.next_value_seed(AnySeed(context))?);
            }
            "value" => {
                self.once(2, name)?;
                map.next_value_seed(MembersOr(&mut self.shape, context))?;
            }
            "original_width" => {
                self.once(3, name)?;
                self.width = number(&map.next_value_seed(AnySeed(context))?);
            }
            "original_height" => {
                self.once(4, name)?;
                self.height = number(&map.next_value_seed(AnySeed(context))?);
            }
            "image_rotation" => {
                self.once(5, name)?;
                self.image_rotation = number(&map.next_value_seed(AnySeed(context))?).unwrap_or(0.0);
            }
            "from_id" => {
                self.once(6, name)?;
                self.from = id_text(map.next_value_seed(AnySeed(context))?);
            }
            "to_id" => {
                self.once(7, name)?;
                self.to = id_text(map.next_value_seed(AnySeed(context))?);
            }
            "from_name" | "to_name" | "origin" | "direction" | "score" | "meta" | "parentID"
            | "item_index" | "readonly" | "hidden" | "locked" => {
                keep_unknown(map, context, &mut self.facts, name)?
            }
            // A flat record has the value beside the rest.
            other => self.shape.take(context, other, map)?,
        }
        Ok(())
    }
}
