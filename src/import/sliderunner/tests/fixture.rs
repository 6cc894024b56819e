//! Small databases of the schema ages 0 to 3.

use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::import::document::Document;
use crate::import::sliderunner::{SlideRunnerError, read_sliderunner};

/// A database in a folder of its own.
pub(super) struct Fixture {
    pub(super) folder: TempDir,
    pub(super) path: PathBuf,
}

impl Fixture {
    /// Creates the tables as the tool of that age did, then runs `sql`.
    pub(super) fn new(age: u8, sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels #1?.sqlite");
        let fixture = Self { folder, path };
        fixture.run(&tables(age));
        fixture.run(sql);
        fixture
    }

    pub(super) fn run(&self, sql: &str) {
        let connection = Connection::open(&self.path).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    pub(super) fn read(&self) -> Result<Document, SlideRunnerError> {
        read_sliderunner("labels.sqlite", &self.path)
    }
}

pub(super) fn tables(age: u8) -> String {
    let since = |first: u8, columns: &'static str| if age >= first { columns } else { "" };
    format!(
        "create table Slides (uid integer primary key autoincrement unique, filename text, width integer, \
           height integer, directory text{});
         create table Classes (uid integer primary key autoincrement unique, name text{});
         create table Persons (uid integer primary key autoincrement unique, name text{});
         create table Annotations (uid integer primary key autoincrement unique, slide integer, type integer, \
           agreedClass integer{}{});
         create table Annotations_label (uid integer primary key autoincrement unique, person integer, \
           class integer, annoId integer{});
         create table Annotations_coordinates (uid integer primary key autoincrement unique, coordinateX integer, \
           coordinateY integer, slide integer, annoId integer, orderIdx integer{});
         create table Log (uid integer primary key autoincrement, dateTime float, labelId integer);
         pragma user_version = {age};",
        since(1, ", uuid text, exactImageID text, EXACTUSER integer default 0"),
        since(1, ", color text"),
        since(2, ", isExactUser integer default 0"),
        since(1, ", guid text, lastModified real default 1616148830.5, deleted integer default 0"),
        since(3, ", description text, clickable integer default 1"),
        since(2, ", exact_id integer"),
        since(2, ", coordinateZ integer default 0"),
    )
}

/// One slide, two classes, two persons.
pub(super) const LISTS: &str = "
    insert into Slides (uid, filename, width, height, directory) values (1, '001.tiff', 7000, 5000, 'a');
    insert into Classes (uid, name) values (1, 'mitotic figure'), (2, 'not mitotic figure');
    insert into Persons (uid, name) values (1, 'expert 1'), (2, 'RetinaNet');";

/// One spot at (10.5, 20).
pub(super) const SPOT: &str = "
    insert into Annotations (uid, slide, type, agreedClass) values (1, 1, 1, 1);
    insert into Annotations_coordinates (coordinateX, coordinateY, slide, annoId, orderIdx) values (10.5, 20, 1, 1, 1);
    insert into Annotations_label (uid, person, class, annoId) values (1, 1, 1, 1);";

/// Fixture of an age with [`LISTS`] and `sql`.
pub(super) fn with_lists(age: u8, sql: &str) -> Fixture {
    Fixture::new(age, &format!("{LISTS}{sql}"))
}
