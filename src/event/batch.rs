//! A batch: events sealed in one object, as JSON Lines. The first line holds the format and the defaults of all
//! that follow; each further line is one event with what differs from them.

use crate::codec::{
    DecodeError, EncodeError, LinesError, Record, Tag, from_canonical, lines, lines_behind, record,
    write_canonical,
};
use crate::id::{BatchId, ImagePrefix};

use super::context::{Context, ContextWire};
use super::created::CreatedLine;
use super::line::{EventError, EventFormat, EventWire};
use super::written::EventLine;
use super::{Event, LoggedEvent};

/// A batch is cut after the line with which it reaches this many bytes.
pub const BATCH_SIZE_MAX: usize = 4 << 20;

/// A batch with events about no image is cut after the line with which it reaches this many bytes.
const MIXED_SIZE_MAX: usize = 64 << 10;

/// A batch that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The bytes are not lines.
    #[error("the batch is not JSON Lines")]
    Lines {
        /// Why.
        #[from]
        source: LinesError,
    },
    /// A line is not canonical JSON of its kind.
    #[error("line {line} of the batch cannot be read")]
    Decode {
        /// The line, from 1.
        line: u64,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// A line is no event.
    #[error("line {line} of the batch is no event")]
    Event {
        /// The line, from 1.
        line: u64,
        /// Why.
        #[source]
        source: EventError,
    },
    /// There is no first line.
    #[error("the batch is empty")]
    Empty,
    /// An event cannot be written.
    #[error("the event cannot be written exactly")]
    Encode {
        /// Why.
        #[from]
        source: EncodeError,
    },
}

record! {
    /// The first line of a batch.
    #[derive(Default)]
    pub struct BatchHeader {
        /// The context of all lines that do not say otherwise.
        pub by: Option<ContextWire> = optional,
        /// The kind of event of all lines that do not say otherwise.
        pub event: String,
        /// The format.
        pub format: Tag<BatchHeader>,
    }
}

impl Record for BatchHeader {
    const FORMAT: &'static str = "holotype/batch/1";
}

/// A finished batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBatch {
    /// Its id: BLAKE3 of its bytes.
    pub id: BatchId,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How many events it holds.
    pub events: u64,
    /// How many of them are about no image.
    pub global_events: u64,
    /// The first and the last prefix of an image that an event is about; `None` when no event is about an image.
    pub images: Option<(ImagePrefix, ImagePrefix)>,
}

/// Writes events into batches.
#[derive(Debug, Default)]
pub struct BatchWriter {
    bytes: Vec<u8>,
    defaults: Option<(Context, EventFormat)>,
    events: u64,
    global_events: u64,
    images: Option<(ImagePrefix, ImagePrefix)>,
}

impl BatchWriter {
    /// Begins without events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the batch has the size at which it is cut: one with an event about no image earlier, since who looks
    /// for such events reads it, wherever its image lies.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let most = if self.global_events > 0 {
            MIXED_SIZE_MAX
        } else {
            BATCH_SIZE_MAX
        };
        self.bytes.len() >= most
    }

    /// Returns how many events it holds.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Adds an event. The first one's context and kind become the defaults.
    ///
    /// # Errors
    /// [`BatchError::Encode`] when the event has a number that JSON cannot carry; the batch is then as before.
    pub fn push(&mut self, context: &Context, event: &Event) -> Result<(), BatchError> {
        let format = event.format();
        let prefix = event.image_prefix();
        if self.defaults.is_none() {
            self.write_header(context, format)?;
            self.defaults = Some((context.clone(), format));
        }
        let Some((defaults, default_format)) = &self.defaults else {
            return Err(BatchError::Empty);
        };
        let mut line = EventLine::of(event);
        line.format = (format != *default_format).then(|| format.as_str());
        line.by = (context != defaults).then(|| ContextWire::difference(context, defaults));
        write_canonical(&line, &mut self.bytes)?;
        self.bytes.push(b'\n');
        self.events += 1;
        match prefix {
            None => self.global_events += 1,
            Some(prefix) => self.note_image(prefix),
        }
        Ok(())
    }

    /// Adds events that were written before, from the `from`-th on, until the batch is full. Returns the number of the
    /// event that is next. Where the batch has other defaults, what was written is read and written anew.
    ///
    /// # Errors
    /// [`BatchError`] when lines cannot be written anew.
    pub fn push_lines(&mut self, lines: &EventLines, from: usize) -> Result<usize, BatchError> {
        let is_same =
            |(context, format): &(Context, EventFormat)| *format == lines.format && *context == lines.context;
        if !self.defaults.as_ref().is_none_or(is_same) {
            return self.push_anew(lines, from);
        }
        let Some(image) = lines.image.filter(|_| from < lines.len()) else {
            return Ok(lines.len());
        };
        if self.defaults.is_none() {
            self.write_header(&lines.context, lines.format)?;
            self.defaults = Some((lines.context.clone(), lines.format));
        }
        let mut next = from;
        while let Some(line) = lines.line(next) {
            self.bytes.extend_from_slice(line);
            self.events += 1;
            next += 1;
            if self.is_full() {
                break;
            }
        }
        self.note_image(image);
        Ok(next)
    }

    /// Adds the next of these events as any other.
    fn push_anew(&mut self, lines: &EventLines, from: usize) -> Result<usize, BatchError> {
        let Some(line) = lines.line(from).and_then(|line| line.strip_suffix(b"\n")) else {
            return Ok(lines.len());
        };
        let logged = read_line(line, 1, lines.format, &lines.context)?;
        self.push(&logged.context, &logged.event)?;
        Ok(from + 1)
    }

    fn note_image(&mut self, image: ImagePrefix) {
        self.images = Some(match self.images {
            None => (image, image),
            Some((first, last)) => (first.min(image), last.max(image)),
        });
    }

    fn write_header(&mut self, context: &Context, format: EventFormat) -> Result<(), BatchError> {
        let by = ContextWire::difference(context, &Context::default());
        let header = BatchHeader {
            by: (!by.is_empty()).then_some(by),
            event: format.as_str().to_owned(),
            ..BatchHeader::default()
        };
        write_canonical(&header, &mut self.bytes)?;
        self.bytes.push(b'\n');
        Ok(())
    }

    /// Finishes the batch and begins the next one; `None` when there is no event.
    pub fn seal(&mut self) -> Option<SealedBatch> {
        let finished = std::mem::take(self);
        (finished.events > 0).then(|| SealedBatch {
            id: BatchId::of(&finished.bytes),
            bytes: finished.bytes,
            events: finished.events,
            global_events: finished.global_events,
            images: finished.images,
        })
    }
}

/// Events about one image, all of one kind and with one context, as the lines of a batch that has these as defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct EventLines {
    context: Context,
    format: EventFormat,
    image: Option<ImagePrefix>,
    bytes: Vec<u8>,
    /// Where each line ends, behind its newline.
    ends: Vec<usize>,
}

impl EventLines {
    /// Begins without events.
    #[must_use]
    pub fn of(context: Context, format: EventFormat) -> Self {
        Self {
            context,
            format,
            image: None,
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Returns the context of all of them.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Adds an event of this kind, about the same image as those before.
    ///
    /// # Errors
    /// [`BatchError::Encode`] when it has a number that JSON cannot carry.
    pub fn push(&mut self, event: &Event) -> Result<(), BatchError> {
        write_canonical(&EventLine::of(event), &mut self.bytes)?;
        self.bytes.push(b'\n');
        self.ends.push(self.bytes.len());
        self.image = self.image.or_else(|| event.image_prefix());
        Ok(())
    }

    /// The `index`-th line, with its newline.
    fn line(&self, index: usize) -> Option<&[u8]> {
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(start..*self.ends.get(index)?)
    }
}

/// The lines of a batch, each with its offset.
type Lines<'a> = dyn Iterator<Item = Result<(usize, &'a [u8]), LinesError>> + 'a;

/// Reads the events of a batch, one line after the other.
pub struct BatchReader<'a> {
    lines: Box<Lines<'a>>,
    defaults: Context,
    /// The context of a line that has its own.
    own: Context,
    format: EventFormat,
    line: u64,
    /// What a line must contain to be read.
    needles: Option<Needles<'a>>,
}

/// Texts that are looked for.
struct Needles<'a>(Vec<memchr::memmem::Finder<'a>>);

impl Needles<'_> {
    /// Whether one of them is in these bytes.
    fn are_in(&self, bytes: &[u8]) -> bool {
        self.0.iter().any(|needle| needle.find(bytes).is_some())
    }
}

impl<'a> BatchReader<'a> {
    /// Passes over lines that contain none of the `needles`, unread. Lines of a batch whose first line contains one are
    /// all read.
    ///
    /// # Errors
    /// [`BatchError`] when the first line is no header.
    pub fn containing(bytes: &'a [u8], needles: &[&'a str]) -> Result<Self, BatchError> {
        let needles = Needles(
            needles
                .iter()
                .map(|needle| memchr::memmem::Finder::new(*needle))
                .collect(),
        );
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or(&[]);
        let everywhere = needles.are_in(first);
        let mut reader = Self::new(bytes)?;
        reader.needles = (!everywhere).then_some(needles);
        Ok(reader)
    }

    /// Returns the number of the event that came last, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.line.saturating_sub(1)
    }

    /// Reads the first line.
    ///
    /// # Errors
    /// [`BatchError`] when it is no header.
    pub fn new(bytes: &'a [u8]) -> Result<Self, BatchError> {
        Ok(BatchPart::whole(bytes)?.reader())
    }

    /// Reads the next event, with what it borrows from the batch and its context from the reader.
    pub fn next_line(&mut self) -> Option<Result<ReadLine<'_, 'a>, BatchError>> {
        let next = self.next_bytes()?;
        Some(next.and_then(|bytes| self.read(bytes)))
    }

    /// Goes to the next line; [`BatchReader::read`] reads what stands on it, unless it is passed over.
    pub fn next_bytes(&mut self) -> Option<Result<&'a [u8], BatchError>> {
        loop {
            let next = self.lines.next()?;
            self.line += 1;
            match next {
                Ok((_, bytes))
                    if self
                        .needles
                        .as_ref()
                        .is_some_and(|needles| !needles.are_in(bytes)) => {}
                Ok((_, bytes)) => return Some(Ok(bytes)),
                Err(error) => return Some(Err(error.into())),
            }
        }
    }

    /// Reads the event on a line that was found otherwise, whose number is `number`, from 1.
    ///
    /// # Errors
    /// [`BatchError`] when it is none.
    pub fn read_numbered(&mut self, number: u64, bytes: &'a [u8]) -> Result<ReadLine<'_, 'a>, BatchError> {
        self.line = number.saturating_add(1);
        self.read(bytes)
    }

    /// Reads the event on the line that came last.
    ///
    /// # Errors
    /// [`BatchError`] when it is none.
    pub fn read(&mut self, bytes: &'a [u8]) -> Result<ReadLine<'_, 'a>, BatchError> {
        if self.format == EventFormat::AnnotationCreated
            && let Some(created) = CreatedLine::scan(bytes)
        {
            return Ok(ReadLine {
                context: &self.defaults,
                origin: ContextOrigin::Batch,
                event: LineEvent::Created(created),
            });
        }
        let line = self.line;
        let (event, by) = parse(bytes, line, self.format)?;
        let (context, origin) = match by {
            Some(by) => {
                self.own = by.upon(&self.defaults);
                (&self.own, ContextOrigin::Line)
            }
            None => (&self.defaults, ContextOrigin::Batch),
        };
        Ok(ReadLine {
            context,
            origin,
            event: LineEvent::Other(event),
        })
    }
}

/// Lines of a batch that follow each other, to be read apart from its other lines.
#[derive(Debug, Clone)]
pub struct BatchPart<'a> {
    defaults: Context,
    format: EventFormat,
    bytes: &'a [u8],
    /// How many lines of the batch are before these.
    before: usize,
}

impl<'a> BatchPart<'a> {
    /// All lines behind the first, which is read.
    ///
    /// # Errors
    /// [`BatchError`] when that is no header.
    pub fn whole(bytes: &'a [u8]) -> Result<Self, BatchError> {
        let (_, first) = lines(bytes).next().ok_or(BatchError::Empty)??;
        let header: BatchHeader =
            from_canonical(first).map_err(|source| BatchError::Decode { line: 1, source })?;
        let format =
            EventFormat::parse(&header.event).map_err(|source| BatchError::Event { line: 1, source })?;
        Ok(Self {
            defaults: header.by.unwrap_or_default().upon(&Context::default()),
            format,
            bytes: bytes.get(first.len() + 1..).unwrap_or_default(),
            before: 1,
        })
    }

    /// Divides the lines into parts of at least so many bytes, but for the last; there is one at least.
    #[must_use]
    pub fn divided(self, part_bytes: usize) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut rest = self;
        while let Some(at) = rest
            .bytes
            .get(part_bytes..)
            .and_then(|behind| memchr::memchr(b'\n', behind))
        {
            let (bytes, later) = rest.bytes.split_at(part_bytes + at + 1);
            let part = Self {
                bytes,
                ..rest.clone()
            };
            rest.before += memchr::memchr_iter(b'\n', bytes).count();
            rest.bytes = later;
            parts.push(part);
        }
        if !rest.bytes.is_empty() || parts.is_empty() {
            parts.push(rest);
        }
        parts
    }

    /// Reads them.
    #[must_use]
    pub fn reader(&self) -> BatchReader<'a> {
        BatchReader {
            lines: Box::new(lines_behind(self.before, self.bytes)),
            defaults: self.defaults.clone(),
            own: Context::default(),
            format: self.format,
            line: u64::try_from(self.before).unwrap_or(u64::MAX),
            needles: None,
        }
    }
}

/// Reads a line of a batch whose lines are of this kind where they say nothing: the event, and what its context has of its
/// own.
fn parse(bytes: &[u8], line: u64, format: EventFormat) -> Result<(Event, Option<ContextWire>), BatchError> {
    let mut wire: EventWire = from_canonical(bytes).map_err(|source| BatchError::Decode { line, source })?;
    let format = match wire.format.take() {
        Some(text) => EventFormat::parse(&text).map_err(|source| BatchError::Event { line, source })?,
        None => format,
    };
    let by = wire.by.take();
    let event = wire
        .into_event(format)
        .map_err(|source| BatchError::Event { line, source })?;
    Ok((event, by))
}

/// Reads one line of a batch with these defaults.
fn read_line(
    bytes: &[u8],
    line: u64,
    format: EventFormat,
    defaults: &Context,
) -> Result<LoggedEvent, BatchError> {
    let (event, by) = parse(bytes, line, format)?;
    let context = by.map_or_else(|| defaults.clone(), |by| by.upon(defaults));
    Ok(LoggedEvent { context, event })
}

/// Where an event's context comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextOrigin {
    /// It is that of the batch.
    Batch,
    /// The line differs from that of the batch.
    Line,
}

/// An event as it was read from its line.
#[derive(Debug)]
pub struct ReadLine<'r, 'b> {
    /// Who, when, with what, how and why.
    pub context: &'r Context,
    /// Where that comes from.
    pub origin: ContextOrigin,
    /// The event.
    pub event: LineEvent<'b>,
}

/// An event, as far as it was taken apart.
#[derive(Debug)]
pub enum LineEvent<'b> {
    /// An annotation's creation in its commonest form.
    Created(CreatedLine<'b>),
    /// Any event.
    Other(Event),
}

impl LineEvent<'_> {
    /// Returns the image that it is about, by its prefix.
    #[must_use]
    pub fn image_prefix(&self) -> Option<ImagePrefix> {
        match self {
            Self::Created(created) => Some(created.annotation.image_prefix()),
            Self::Other(event) => event.image_prefix(),
        }
    }

    /// Returns the event.
    #[must_use]
    pub fn into_event(self) -> Event {
        match self {
            Self::Created(created) => created.into_event(),
            Self::Other(event) => event,
        }
    }
}

impl Iterator for BatchReader<'_> {
    type Item = Result<LoggedEvent, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_line()?.map(|read| LoggedEvent {
            context: read.context.clone(),
            event: read.event.into_event(),
        }))
    }
}
