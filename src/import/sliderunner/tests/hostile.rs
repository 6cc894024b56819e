//! Files that are damaged, or made to do harm: refused or read, never changed, nothing of them run.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::fixture::{Fixture, LISTS, SPOT, with_lists};
use crate::import::sliderunner::{SlideRunnerError, TableKind, looks_like_sliderunner, read_sliderunner};

/// Each file of a folder with its bytes.
fn listing(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                std::fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

fn write(bytes: &[u8]) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.sqlite");
    std::fs::write(&path, bytes).unwrap();
    Fixture { folder, path }
}

#[test]
fn f23_what_is_no_database_is_refused() {
    for bytes in [
        &b"<annotation/>"[..],
        &[0; 4096],
        b"SQLite format 4\0 and more",
        &[0xFF; 100],
    ] {
        let fixture = write(bytes);
        assert!(!looks_like_sliderunner(&fixture.path));
        let error = fixture.read().unwrap_err();
        assert!(matches!(error, SlideRunnerError::NotSqlite { .. }), "{error:?}");
    }
    assert!(matches!(
        write(b"").read().unwrap_err(),
        SlideRunnerError::MissingTable { table: "Slides", .. }
    ));
    let absent = read_sliderunner("x", Path::new("/nonexistent/x.sqlite"));
    assert!(matches!(absent.unwrap_err(), SlideRunnerError::Open { .. }));
    assert!(matches!(
        read_sliderunner("x", Path::new("")).unwrap_err(),
        SlideRunnerError::Path { .. }
    ));
    assert!(!looks_like_sliderunner(Path::new(":memory:")));
}

#[test]
fn f23_another_database_is_refused() {
    let fixture = Fixture::new(0, "drop table Persons;");
    assert!(!looks_like_sliderunner(&fixture.path));
    let error = fixture.read().unwrap_err();
    assert_eq!(
        error.to_string(),
        "labels.sqlite: there is no table 'Persons', so this is no SlideRunner database"
    );
    let fixture = Fixture::new(0, "alter table Annotations drop column type;");
    assert!(looks_like_sliderunner(&fixture.path));
    let error = fixture.read().unwrap_err();
    assert!(
        matches!(error, SlideRunnerError::MissingColumn { column: "type", .. }),
        "{error:?}"
    );
}

#[test]
fn f23_truncated_or_damaged_files_are_refused_or_read_but_never_panic() {
    let original = with_lists(3, SPOT);
    let whole = std::fs::read(&original.path).unwrap();
    for percent in 1..100 {
        let fixture = write(&whole[..whole.len() * percent / 100]);
        assert!(fixture.read().is_err(), "cut at {percent} %");
    }
    let mut refused = 0;
    for offset in (0..whole.len()).step_by(97) {
        let mut damaged = whole.clone();
        damaged[offset] ^= 0xFF;
        let fixture = write(&damaged);
        let before = listing(fixture.folder.path());
        refused += u32::from(fixture.read().is_err());
        assert_eq!(listing(fixture.folder.path()), before);
    }
    assert!(refused > 0, "damage in structure is found");
}

#[test]
fn f23_a_header_that_claims_many_pages_is_refused() {
    let original = with_lists(3, SPOT);
    let mut bytes = std::fs::read(&original.path).unwrap();
    bytes[28..32].copy_from_slice(&u32::MAX.to_be_bytes());
    assert!(write(&bytes).read().is_err());
}

#[test]
fn f23_triggers_and_views_are_ignored() {
    let fixture = with_lists(
        3,
        &format!(
            "{SPOT}
             create trigger t after insert on Annotations begin
               update Annotations set lastModified = pycurrent_time() where uid = new.uid; end;
             create trigger d after update on Annotations_label begin delete from Annotations; end;
             create view V as select load_extension('/tmp/x') from Annotations;"
        ),
    );
    let before = listing(fixture.folder.path());
    let document = fixture.read().unwrap();
    assert_eq!(document.annotations.len(), 1);
    assert!(document.report.losses.is_empty(), "{:?}", document.report);
    assert_eq!(listing(fixture.folder.path()), before);
}

#[test]
fn f23_a_view_or_virtual_table_in_place_of_a_table_is_refused() {
    let view = "create table P2 as select * from Persons; drop table Persons; create view Persons as select * from P2;";
    let error = with_lists(3, view).read().unwrap_err();
    assert!(
        matches!(
            error,
            SlideRunnerError::NotATable {
                table: "Persons",
                kind: TableKind::View,
                ..
            }
        ),
        "{error:?}"
    );
    let module = "drop table Persons; create virtual table Persons using fts5(uid, name);";
    let error = with_lists(3, module).read().unwrap_err();
    let SlideRunnerError::NotATable { table, kind, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!((table, kind), ("Persons", TableKind::VirtualTable));
    let log = "drop table Log; create view Log as select 1 as uid, 1.0 as dateTime, 1 as labelId;";
    assert!(matches!(
        with_lists(3, log).read().unwrap_err(),
        SlideRunnerError::NotATable { table: "Log", .. }
    ));
}

#[test]
fn f23_a_write_ahead_log_beside_it_is_told_and_left_alone() {
    let fixture = with_lists(3, SPOT);
    let writer = Connection::open(&fixture.path).unwrap();
    writer
        .execute_batch("pragma journal_mode = wal; pragma wal_autocheckpoint = 0; begin; commit;")
        .unwrap();
    writer
        .execute_batch("insert into Persons (name) values ('late');")
        .unwrap();
    let before = listing(fixture.folder.path());
    assert!(before.keys().any(|name| name.ends_with("-wal")));
    let document = fixture.read().unwrap();
    assert_eq!(document.people.len(), 2, "what is in the log is not read");
    assert_eq!(document.report.losses.count("unread_write_ahead_log"), 1);
    assert_eq!(listing(fixture.folder.path()), before);
}

#[test]
fn f23_a_file_in_the_middle_of_a_write_is_refused() {
    let fixture = with_lists(3, SPOT);
    let mut journal = fixture.path.clone().into_os_string();
    journal.push("-journal");
    std::fs::write(&journal, b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7").unwrap();
    let before = listing(fixture.folder.path());
    assert!(matches!(
        fixture.read().unwrap_err(),
        SlideRunnerError::UnfinishedWrite { .. }
    ));
    assert_eq!(listing(fixture.folder.path()), before);
}

#[test]
fn f23_a_locked_file_is_read() {
    let fixture = with_lists(3, SPOT);
    let writer = Connection::open(&fixture.path).unwrap();
    writer.execute_batch("begin immediate;").unwrap();
    assert_eq!(fixture.read().unwrap().annotations.len(), 1);
}

#[test]
fn f23_utf16_databases_are_read() {
    let fixture = with_lists(3, SPOT);
    std::fs::remove_file(&fixture.path).unwrap();
    fixture.run("pragma encoding = 'UTF-16le';");
    fixture.run(&format!(
        "pragma encoding = 'UTF-16le'; {} {LISTS}{SPOT}",
        super::fixture::tables(3)
    ));
    fixture.run("update Persons set name = 'J\u{f6}rg' where uid = 1;");
    assert!(
        std::fs::read(&fixture.path)
            .unwrap()
            .windows(4)
            .any(|bytes| bytes == b"J\0\xF6\0")
    );
    assert_eq!(fixture.read().unwrap().people[0].name, "J\u{f6}rg");
}

#[test]
fn f23_a_text_that_is_not_utf8_is_refused_with_its_place() {
    let fixture = with_lists(
        3,
        "update Persons set name = cast(x'ff41' as text) where uid = 2;",
    );
    let error = fixture.read().unwrap_err();
    assert_eq!(
        error.to_string(),
        "labels.sqlite: table 'Persons', uid 2: column 'name' is not UTF-8 text"
    );
}

#[test]
fn f23_made_up_numbers_do_not_overflow() {
    let fixture = Fixture::new(
        3,
        &format!(
            "{LISTS}{SPOT}
             update sqlite_sequence set seq = 9223372036854775807;
             update Annotations set agreedClass = 9223372036854775807;
             update Annotations_coordinates set coordinateX = 9223372036854775807, coordinateZ = 1e300;
             insert into Log (dateTime, labelId) values (-1e300, 1), (9e18, 1);
             pragma user_version = 2147483647;"
        ),
    );
    fixture.run("alter table Annotations add column exact_id integer; update Annotations set exact_id = -9223372036854775808;");
    let document = fixture.read().unwrap();
    assert_eq!(document.annotations.len(), 1);
    assert_eq!(document.report.warnings.count("newer_schema"), 1);
    assert!(document.report.losses.count("hard_deleted_rows") > 1 << 52);
}

#[test]
fn f23_corners_further_apart_than_numbers_go_are_lost() {
    let fixture = with_lists(
        3,
        "insert into Annotations (uid, slide, type) values (1, 1, 2);
         insert into Annotations_coordinates (coordinateX, coordinateY, annoId) values (-1.7e308, 0, 1), (1.7e308, 1, 1);",
    );
    let document = fixture.read().unwrap();
    assert!(document.annotations.is_empty());
    assert_eq!(document.report.losses.count("annotation_without_place"), 1);
}
