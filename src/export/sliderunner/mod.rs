//! Writes SlideRunner's SQLite database, schema age 3: slides, classes, persons by code, annotations with their guids,
//! one label row a rating, and the times that are known of ratings in `Log`.
//!
//! What SlideRunner has no place for stands in the table `Holotype`, as text that the caller gives. The database is made
//! in memory and handed out at the end, so that the same input gives the same bytes: a fixed page size, one transaction,
//! no clock. Its memory is about the size of the file. No file is opened here.

mod schema;

use std::io::Write;

use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, params};

use crate::model::geometry::Position;
use crate::model::sliderunner::Kind;

/// Why a database could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SlideRunnerWriteError {
    /// SQLite failed.
    #[error("cannot make the SlideRunner database")]
    Sqlite(#[from] rusqlite::Error),
    /// The bytes cannot be written.
    #[error("cannot write the SlideRunner database")]
    Write(#[from] std::io::Error),
}

/// A slide.
#[derive(Debug, Clone, Copy)]
pub struct SlideRunnerSlide<'a> {
    /// The image's name.
    pub name: &'a str,
    /// Width in px, where known.
    pub width: Option<f64>,
    /// Height in px, where known.
    pub height: Option<f64>,
}

/// A class.
#[derive(Debug, Clone)]
pub struct SlideRunnerClass<'a> {
    /// Its name.
    pub name: &'a str,
    /// `#rrggbb`, which SlideRunner needs.
    pub colour: String,
}

/// An annotation. Slides, classes and persons are named by their places in the lists given before.
#[derive(Debug, Clone, PartialEq)]
pub struct SlideRunnerRow {
    /// The guid, in its usual form.
    pub guid: String,
    /// What is marked.
    pub kind: Kind,
    /// The coordinates, level-0 px.
    pub points: Vec<Position>,
    /// The focus level.
    pub z: u32,
    /// The agreed class; `None` is none.
    pub class: Option<usize>,
    /// Whether it can be clicked at.
    pub is_clickable: bool,
    /// The ratings, in order.
    pub labels: Vec<SlideRunnerLabel>,
    /// What SlideRunner has no place for; empty where there is nothing.
    pub carried: String,
}

/// A rating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlideRunnerLabel {
    /// Who.
    pub person: usize,
    /// The class; `None` is *no opinion*.
    pub class: Option<usize>,
    /// When, in seconds since 1970-01-01T00:00:00Z, where known.
    pub time: Option<f64>,
}

/// A database that is being written.
pub struct SlideRunnerDatabase {
    connection: Connection,
    slide: i64,
    annotation: i64,
    label: i64,
}

impl SlideRunnerDatabase {
    /// Begins a database with its classes and persons; `carried` is what SlideRunner has no place for of the dataset, and
    /// empty where there is nothing.
    ///
    /// # Errors
    /// [`SlideRunnerWriteError`] when SQLite fails.
    pub fn begin(
        classes: &[SlideRunnerClass<'_>],
        persons: &[&str],
        carried: &str,
    ) -> Result<Self, SlideRunnerWriteError> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(
            "pragma page_size = 4096; pragma encoding = 'UTF-8'; pragma auto_vacuum = none; begin;",
        )?;
        connection.execute_batch(schema::TABLES)?;
        for (class, uid) in classes.iter().zip(1_i64..) {
            let sql = "insert into Classes (uid, name, clickable, color) values (?1, ?2, 1, ?3)";
            connection.execute(sql, params![uid, class.name, class.colour])?;
        }
        for (person, uid) in persons.iter().zip(1_i64..) {
            connection.execute(
                "insert into Persons (uid, name) values (?1, ?2)",
                params![uid, person],
            )?;
        }
        if !carried.is_empty() {
            connection.execute(
                "insert into Holotype (uid, annoId, carried) values (1, null, ?1)",
                [carried],
            )?;
        }
        Ok(Self {
            connection,
            slide: 0,
            annotation: 0,
            label: 0,
        })
    }

    /// Adds a slide with its annotations.
    ///
    /// # Errors
    /// [`SlideRunnerWriteError`] when SQLite fails.
    pub fn put(
        &mut self,
        slide: &SlideRunnerSlide<'_>,
        rows: &[SlideRunnerRow],
    ) -> Result<(), SlideRunnerWriteError> {
        self.slide += 1;
        let sql = "insert into Slides (uid, filename, width, height, directory) values (?1, ?2, ?3, ?4, '')";
        self.connection.prepare_cached(sql)?.execute(params![
            self.slide,
            slide.name,
            number(slide.width),
            number(slide.height)
        ])?;
        rows.iter().try_for_each(|row| self.put_row(row))
    }

    fn put_row(&mut self, row: &SlideRunnerRow) -> Result<(), SlideRunnerWriteError> {
        self.annotation += 1;
        let (slide, uid) = (self.slide, self.annotation);
        let modified = row
            .labels
            .iter()
            .filter_map(|label| label.time)
            .fold(0.0, f64::max);
        self.statement(
            "insert into Annotations (uid, slide, guid, lastModified, type, agreedClass, description, clickable) \
             values (?1, ?2, ?3, ?4, ?5, ?6, '', ?7)",
        )?
        .execute(params![
            uid,
            slide,
            row.guid,
            modified,
            row.kind.number(),
            class_uid(row.class),
            i64::from(row.is_clickable)
        ])?;
        let mut statement = self.statement(
            "insert into Annotations_coordinates (coordinateX, coordinateY, coordinateZ, slide, annoId, orderIdx) \
             values (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for ([x, y], order) in row.points.iter().zip(1_i64..) {
            statement.execute(params![x, y, row.z, slide, uid, order])?;
        }
        if row.points.is_empty() {
            // SlideRunner looks for the focus level of every annotation in such a row, and fails without one.
            statement.execute(params![None::<f64>, None::<f64>, row.z, slide, uid, 1])?;
        }
        drop(statement);
        for label in &row.labels {
            self.label += 1;
            self.statement(
                "insert into Annotations_label (uid, person, class, annoId) values (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                self.label,
                uid_of(label.person),
                class_uid(label.class),
                uid
            ])?;
            if let Some(time) = label.time {
                self.statement("insert into Log (dateTime, labelId) values (?1, ?2)")?
                    .execute(params![time, self.label])?;
            }
        }
        if !row.carried.is_empty() {
            self.statement("insert into Holotype (annoId, carried) values (?1, ?2)")?
                .execute(params![uid, row.carried])?;
        }
        Ok(())
    }

    fn statement(&self, sql: &str) -> Result<CachedStatement<'_>, SlideRunnerWriteError> {
        Ok(self.connection.prepare_cached(sql)?)
    }

    /// Ends the database and writes its bytes; returns how many annotations it has.
    ///
    /// # Errors
    /// [`SlideRunnerWriteError`] when SQLite fails or `out` cannot be written.
    pub fn end<W: Write>(mut self, mut out: W) -> Result<u64, SlideRunnerWriteError> {
        self.connection.execute_batch(schema::TRIGGERS)?;
        self.connection
            .pragma_update(None, "user_version", schema::USER_VERSION)?;
        self.connection.execute_batch("commit;")?;
        out.write_all(&self.connection.serialize("main")?)?;
        Ok(u64::try_from(self.annotation).unwrap_or(0))
    }
}

/// A whole number stays one, as SlideRunner's own.
fn number(value: Option<f64>) -> Value {
    value.map_or(Value::Null, Value::Real)
}

/// The uid of what stands at a place of a list: they are counted from 1.
fn uid_of(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX).saturating_add(1)
}

/// Class 0 is none.
fn class_uid(class: Option<usize>) -> i64 {
    class.map_or(0, uid_of)
}
