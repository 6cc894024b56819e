//! The tables of a SlideRunner database of schema age 3, as the program makes and expects them.

/// The age of the schema.
pub(super) const USER_VERSION: i64 = 3;

/// The tables. The last one is ours: what SlideRunner has no place for, read by Holotype alone.
pub(super) const TABLES: &str = "
create table Annotations_label (
    uid INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, person INTEGER, class INTEGER, exact_id INTEGER, annoId INTEGER
);
create table Annotations_coordinates (
    uid INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, coordinateX INTEGER, coordinateY INTEGER,
    coordinateZ INTEGER DEFAULT 0, slide INTEGER, annoId INTEGER, orderIdx INTEGER
);
create table Annotations (
    uid INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, slide INTEGER, guid TEXT, lastModified REAL DEFAULT 0,
    deleted INTEGER DEFAULT 0, type INTEGER, agreedClass INTEGER, description TEXT, clickable INTEGER DEFAULT 1
);
create table Classes (
    uid INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, name TEXT, clickable INTEGER DEFAULT 1, color TEXT
);
create table Persons (
    uid INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, name TEXT, isExactUser INTEGER DEFAULT 0
);
create table Slides (
    uid INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, filename TEXT, width INTEGER, height INTEGER, directory TEXT,
    uuid TEXT, exactImageID TEXT, EXACTUSER INTEGER DEFAULT 0
);
create table Log (uid INTEGER PRIMARY KEY AUTOINCREMENT, dateTime FLOAT, labelId INTEGER);
create table Holotype (uid INTEGER PRIMARY KEY, annoId INTEGER UNIQUE, carried TEXT NOT NULL);
";

/// The triggers by which SlideRunner gives what is drawn later a guid, a time and a colour; the functions are its own.
pub(super) const TRIGGERS: &str = "
create trigger updateAnnotation_fromLabelUPDATE after update on Annotations_label begin
    update Annotations set lastModified = pycurrent_time() where uid = new.annoId;
end;
create trigger updateAnnotation_fromLabelINSERT after insert on Annotations_label begin
    update Annotations set lastModified = pycurrent_time() where uid = new.annoId;
end;
create trigger updateAnnotation_fromCoordsUPDATE after update on Annotations_coordinates begin
    update Annotations set lastModified = pycurrent_time() where uid = new.annoId;
end;
create trigger updateAnnotation_fromCoordsINSERT after insert on Annotations_coordinates begin
    update Annotations set lastModified = pycurrent_time() where uid = new.annoId;
end;
create trigger updateAnnotation_UPDATE after update on Annotations begin
    update Annotations set lastModified = pycurrent_time() where uid = new.uid;
end;
create trigger updateAnnotation_INSERT after insert on Annotations begin
    update Annotations set lastModified = pycurrent_time() where uid = new.uid;
end;
create trigger updateAnnotation_ins after insert on Annotations begin
    update Annotations set guid = generate_uuid() where uid = new.uid and guid is null;
end;
create trigger setRandomcolor after insert on Classes begin
    update Classes set color = randcolor() where uid = new.uid and color is null;
end;
";
