//! Rows with one id: said twice, rated by several, or not the same.

use super::*;

#[test]
fn f07_an_id_twice_is_once_where_the_rows_are_equal_and_else_refused() {
    let once = list("id,x,y,label\n7,1,2,a\n7,1,2,a\n");
    assert_eq!(
        (once.annotations.len(), once.report.warnings.count("row_repeated")),
        (1, 1)
    );
    assert!(matches!(
        read_with("id,x,y,label\n7,1,2,a\n8,1,2,a\n7,1,2.5,a\n", None),
        Err(CsvProblem::IdTwice { id, first: 2, second: 4 }) if id == "7"
    ));
    // Counters begin anew on each image.
    assert_eq!(list("image,id,x,y\na,1,1,2\nb,1,3,4\n").annotations.len(), 2);
    assert_eq!(list("x,y\n1,2\n1,2\n").annotations.len(), 2);
}

#[test]
fn one_row_for_each_annotator_is_one_annotation_with_their_ratings() {
    let text = "id,x,y,label,annotator\n1,5,6,a,Ada\n1,5,6,a,Ben\n2,7,8,a,Ada\n2,7,8,b,Ben\n3,1,1,a,\n";
    let document = list(text);
    let names: Vec<&str> = document
        .people
        .iter()
        .map(|person| person.name.as_str())
        .collect();
    assert_eq!((names, document.annotations.len()), (vec!["Ada", "Ben"], 3));
    let ratings = |index: usize| -> Vec<(usize, Option<usize>)> {
        let ratings = document.annotations[index].ratings.iter();
        ratings.map(|rating| (rating.person, rating.label)).collect()
    };
    assert_eq!(ratings(0), [(0, Some(0)), (1, Some(0))]);
    assert_eq!(ratings(1), [(0, Some(0)), (1, Some(1))]);
    assert_eq!(ratings(2), []);
    assert_eq!(labels(&document), [Some("a"), None, Some("a")]);
    assert_eq!(document.report.warnings.count("label_not_agreed"), 1);
    assert!(matches!(
        read_with("id,x,y,label,annotator\n1,5,6,a,Ada\n1,5,6,b,Ada\n", None),
        Err(CsvProblem::IdTwice { .. })
    ));
}

#[test]
fn in_a_table_of_our_own_columns_behind_the_geometry_are_attributes() {
    let geometry = "\"{\"\"radius\"\":2,\"\"type\"\":\"\"circle\"\",\"\"x\"\":1,\"\"y\"\":1}\"";
    let text = format!(
        "image,holotype_id,label,x,y,width,height,geometry,attribute:label,id,x1\na,{id},,,,,,{geometry},new,9,5\n",
        id = "01".repeat(24)
    );
    let document = list(&text);
    assert_eq!(labels(&document), [None]);
    assert_eq!(
        geometries(&document),
        [Geometry::new(Shape::Circle {
            x: 1.0,
            y: 1.0,
            radius: 2.0
        })]
    );
    let names: Vec<&str> = document.annotations[0]
        .attributes
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(names, ["id", "label", "x1"]);
}
