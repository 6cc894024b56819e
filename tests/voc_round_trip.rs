//! What is written as Pascal VOC and read again is the same.

use holotype::export::voc::{VocImage, VocLosses, VocObject, write_voc};
use holotype::import::document::SourceValue;
use holotype::import::voc::read_voc;
use holotype::model::Geometry;
use proptest::prelude::*;

/// Coordinates as they occur: whole and half pixels, any decimals, far outside.
fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-10_000i32..200_000).prop_map(f64::from),
        (-10_000i32..200_000).prop_map(|number| f64::from(number) / 2.0),
        -1e6f64..1e6,
        -1.0f64..1.0,
        Just(0.1),
    ]
}

fn geometry() -> impl Strategy<Value = Geometry> {
    (coordinate(), coordinate(), coordinate(), coordinate())
        .prop_map(|(x, y, width, height)| Geometry::rectangle(x, y, width.abs(), height.abs()))
}

/// Any text that XML can say and that is not empty.
fn label() -> impl Strategy<Value = String> {
    "[ -~äß\u{3b1}\t\n\r]{1,12}"
}

proptest! {
    #[test]
    fn boxes_and_their_classes_survive(
        objects in prop::collection::vec((label(), geometry(), any::<[bool; 3]>()), 0..8),
        name in "[a-z0-9 &<>]{1,10}x",
        size in prop::option::of(1u32..100_000),
    ) {
        let image = VocImage {
            name: &name,
            folder: Some("images"),
            width: size.map(f64::from),
            height: size.map(f64::from),
            depth: size.map(|_| 3),
        };
        let written: Vec<VocObject<'_>> = objects
            .iter()
            .map(|(label, geometry, [truncated, difficult, occluded])| VocObject {
                truncated: *truncated,
                difficult: *difficult,
                occluded: *occluded,
                ..VocObject::new(Some(label), geometry)
            })
            .collect();
        let mut bytes = Vec::new();
        prop_assert_eq!(write_voc(&image, &written, &mut bytes), VocLosses::default());
        let mut again = Vec::new();
        write_voc(&image, &written, &mut again);
        prop_assert_eq!(&bytes, &again, "the same values give the same bytes");

        let document = read_voc("a.xml", &bytes).unwrap();
        prop_assert!(document.report.losses.is_empty(), "{:?}", document.report);
        prop_assert_eq!(&document.images[0].name, &name);
        prop_assert_eq!((document.images[0].width, document.images[0].height), (image.width, image.height));
        prop_assert_eq!(document.annotations.len(), objects.len());
        for (annotation, (label, geometry, flags)) in document.annotations.iter().zip(&objects) {
            prop_assert_eq!(&annotation.geometry, geometry);
            prop_assert_eq!(&document.labels[annotation.label.unwrap()].name, label);
            let read = ["truncated", "difficult", "occluded"]
                .map(|flag| annotation.attributes.get(flag) == Some(&SourceValue::Flag(true)));
            prop_assert_eq!(&read, flags);
        }
    }
}
