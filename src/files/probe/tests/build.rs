//! Small writers of images, without pixels where a header is enough.

use super::super::ifd::Endian;
use super::super::walk::Layout;

/// A value of a tag.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Short(u16),
    Long(u32),
    Long8(u64),
    Float(f32),
    Rational(u32, u32),
    Ascii(Vec<u8>),
    Longs(Vec<u32>),
    /// Type, count and the field itself, as they are.
    Raw(u16, u64, u64),
}

/// One directory of a TIFF, and what its entry of the next directory says.
#[derive(Debug, Clone, Default)]
pub(super) struct Dir(pub(super) Vec<(u16, Value)>);

impl Dir {
    pub(super) fn sized(width: u32, height: u32) -> Self {
        Self(vec![
            (256, Value::Long(width)),
            (257, Value::Long(height)),
            (259, Value::Short(7)),
        ])
    }

    pub(super) fn with(mut self, tag: u16, value: Value) -> Self {
        self.0.push((tag, value));
        self
    }

    pub(super) fn text(self, tag: u16, text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        self.with(tag, Value::Ascii(bytes))
    }

    pub(super) fn density(self, x: (u32, u32), y: (u32, u32), unit: u16) -> Self {
        self.with(282, Value::Rational(x.0, x.1))
            .with(283, Value::Rational(y.0, y.1))
            .with(296, Value::Short(unit))
    }
}

/// Writes a TIFF in one byte order and layout.
pub(super) struct Tiff {
    pub(super) endian: Endian,
    pub(super) layout: Layout,
}

pub(super) const II: Tiff = Tiff {
    endian: Endian::Little,
    layout: Layout::Classic,
};
pub(super) const MM: Tiff = Tiff {
    endian: Endian::Big,
    layout: Layout::Classic,
};
pub(super) const BIG_II: Tiff = Tiff {
    endian: Endian::Little,
    layout: Layout::Big,
};
pub(super) const BIG_MM: Tiff = Tiff {
    endian: Endian::Big,
    layout: Layout::Big,
};
pub(super) const NDPI: Tiff = Tiff {
    endian: Endian::Little,
    layout: Layout::Ndpi,
};

impl Tiff {
    pub(super) fn uint(&self, value: u64, width: usize) -> Vec<u8> {
        match self.endian {
            Endian::Little => value.to_le_bytes()[..width].to_vec(),
            Endian::Big => value.to_be_bytes()[8 - width..].to_vec(),
        }
    }

    fn header(&self, first: u64) -> Vec<u8> {
        let mut bytes = if self.endian == Endian::Little {
            b"II".to_vec()
        } else {
            b"MM".to_vec()
        };
        match self.layout {
            Layout::Classic => bytes.extend([self.uint(42, 2), self.uint(first, 4)].concat()),
            Layout::Ndpi => bytes.extend([self.uint(42, 2), self.uint(first, 8)].concat()),
            Layout::Big => {
                bytes.extend(
                    [
                        self.uint(43, 2),
                        self.uint(8, 2),
                        self.uint(0, 2),
                        self.uint(first, 8),
                    ]
                    .concat(),
                );
            }
        }
        bytes
    }

    /// Type, count and bytes of a value.
    fn encode(&self, value: &Value) -> (u16, u64, Vec<u8>) {
        match value {
            Value::Short(value) => (3, 1, self.uint(u64::from(*value), 2)),
            Value::Long(value) => (4, 1, self.uint(u64::from(*value), 4)),
            Value::Long8(value) => (16, 1, self.uint(*value, 8)),
            Value::Float(value) => (11, 1, self.uint(u64::from(value.to_bits()), 4)),
            Value::Rational(above, below) => (
                5,
                1,
                [self.uint(u64::from(*above), 4), self.uint(u64::from(*below), 4)].concat(),
            ),
            Value::Ascii(bytes) => (2, u64::try_from(bytes.len()).unwrap(), bytes.clone()),
            Value::Longs(values) => {
                let bytes = values
                    .iter()
                    .flat_map(|value| self.uint(u64::from(*value), 4))
                    .collect();
                (4, u64::try_from(values.len()).unwrap(), bytes)
            }
            Value::Raw(kind, count, field) => (*kind, *count, self.uint(*field, self.room())),
        }
    }

    fn room(&self) -> usize {
        if self.layout == Layout::Big { 8 } else { 4 }
    }

    /// Writes directories one after the other, each with its long values behind it. `last` is where the
    /// last of them says that the next is.
    pub(super) fn write_linked(&self, dirs: &[Dir], last: u64) -> Vec<u8> {
        let first = u64::try_from(self.header(0).len()).unwrap();
        let mut bytes = self.header(if dirs.is_empty() { last } else { first });
        for (index, dir) in dirs.iter().enumerate() {
            let at = u64::try_from(bytes.len()).unwrap();
            let long_at = at + u64::try_from(self.table(dir, 0, 0).0.len()).unwrap();
            let long = self.table(dir, long_at, 0).1;
            let next = long_at + u64::try_from(long.len()).unwrap();
            let (table, long) = self.table(dir, long_at, if index + 1 == dirs.len() { last } else { next });
            bytes.extend(table);
            bytes.extend(long);
        }
        bytes
    }

    pub(super) fn write(&self, dirs: &[Dir]) -> Vec<u8> {
        self.write_linked(dirs, 0)
    }

    fn table(&self, dir: &Dir, long_at: u64, next: u64) -> (Vec<u8>, Vec<u8>) {
        let (count_width, next_width) = match self.layout {
            Layout::Classic => (2, 4),
            Layout::Big => (8, 8),
            Layout::Ndpi => (2, 8),
        };
        let mut table = self.uint(u64::try_from(dir.0.len()).unwrap(), count_width);
        let (mut long, mut uppers) = (Vec::new(), Vec::new());
        for (tag, value) in &dir.0 {
            let (kind, count, mut bytes) = self.encode(value);
            let mut upper = 0;
            if bytes.len() > self.room() {
                let at = long_at + u64::try_from(long.len()).unwrap();
                long.extend(bytes);
                upper = at >> 32;
                bytes = self.uint(at, self.room());
            }
            bytes.resize(self.room(), 0);
            table.extend([self.uint(u64::from(*tag), 2), self.uint(u64::from(kind), 2)].concat());
            table.extend([self.uint(count, self.room()), bytes].concat());
            uppers.extend(self.uint(upper, 4));
        }
        table.extend(self.uint(next, next_width));
        if self.layout == Layout::Ndpi {
            table.extend(uppers);
        }
        (table, long)
    }
}

/// Writes a JPEG up to its first scan, with segments before the frame.
pub(super) fn jpeg(width: u16, height: u16, segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    let mut frame = vec![8];
    frame.extend([height.to_be_bytes(), width.to_be_bytes()].concat());
    frame.extend([3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
    for (code, data) in segments
        .iter()
        .cloned()
        .chain([(0xdb, vec![1; 65]), (0xc0, frame)])
    {
        bytes.extend([0xff, code]);
        bytes.extend(u16::try_from(data.len() + 2).unwrap().to_be_bytes());
        bytes.extend(data);
    }
    bytes.extend([0xff, 0xda, 0, 2, 0, 0xff, 0xd9]);
    bytes
}

/// A JFIF segment.
pub(super) fn jfif(unit: u8, x: u16, y: u16) -> (u8, Vec<u8>) {
    let [[x0, x1], [y0, y1]] = [x.to_be_bytes(), y.to_be_bytes()];
    (
        0xe0,
        vec![b'J', b'F', b'I', b'F', 0, 1, 1, unit, x0, x1, y0, y1, 0, 0],
    )
}

/// An EXIF segment around a TIFF.
pub(super) fn exif(tiff: &[u8]) -> (u8, Vec<u8>) {
    (0xe1, [b"Exif\0\0".as_slice(), tiff].concat())
}

/// Writes a PNG with chunks between `IHDR` and `IDAT`; checksums are zero.
pub(super) fn png(width: u32, height: u32, chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 0]);
    let ends: [(&[u8; 4], Vec<u8>); 2] = [(b"IDAT", vec![0; 20]), (b"IEND", Vec::new())];
    for (name, data) in [(b"IHDR", header)].iter().chain(chunks).chain(&ends) {
        bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(*name);
        bytes.extend(data);
        bytes.extend([0; 4]);
    }
    bytes
}

/// A `pHYs` chunk.
pub(super) fn phys(x: u32, y: u32, unit: u8) -> (&'static [u8; 4], Vec<u8>) {
    let mut data = [x.to_be_bytes(), y.to_be_bytes()].concat();
    data.push(unit);
    (b"pHYs", data)
}

/// The description of an Aperio scanner, people and all.
pub(super) const APERIO: &str = "Aperio Image Library v10.0.51\r\n46920x33014 [0,100 46000x32914] (256x256) \
    JPEG/RGB Q=30|AppMag = 20|StripeWidth = 2040|ScanScope ID = SS1302|Filename = /slides/Meier Anna|\
    Title = Meier, Anna|Date = 12/29/09|Time = 09:59:15|User = b414003d-95c6|MPP = 0.4990|Left = 25.691574";

/// OME-XML with one image, people and all.
pub(super) fn ome(width: u32, height: u32, pixel_attributes: &str) -> String {
    format!(
        r##"<?xml version="1.0" encoding="UTF-8"?><!-- Warning: this comment is an OME-XML metadata block -->
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" Creator="Anna Meier's script">
 <Experimenter ID="Experimenter:0" FirstName="Anna" LastName="Meier" UserName="ameier"/>
 <Instrument ID="Instrument:0"><Microscope Manufacturer="Zeiss" Model="Axio Scan.Z1"/>
  <Objective ID="Objective:0" NominalMagnification="10"/>
  <Objective ID="Objective:1" NominalMagnification="40.0"/>
 </Instrument>
 <Image ID="Image:0" Name="C:\Users\ameier\Meier Anna.czi">
  <AcquisitionDate>2019-04-03T10:00:00</AcquisitionDate>
  <ObjectiveSettings ID="Objective:1"/>
  <Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8"
    SizeX="{width}" SizeY="{height}" SizeC="1" SizeZ="1"
    SizeT="1" {pixel_attributes}><TiffData><UUID FileName="../../x">urn:uuid:0</UUID></TiffData></Pixels>
 </Image></OME>"##
    )
}
