//! Citations as the metadata of DataCite 4 (schema kernel-4, JSON as its REST interface takes it).

use serde_json::{Map, Value, json};

use super::{Citation, Creator, is_spdx};

/// What DataCite wants for a value that is not available (its appendix on unknown information).
const UNAVAILABLE: &str = ":unav";

impl Citation {
    pub(super) fn to_datacite(&self) -> String {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("schemaVersion", json!("http://datacite.org/schema/kernel-4"));
        put(
            "types",
            json!({"resourceTypeGeneral": "Dataset", "resourceType": "Dataset"}),
        );
        put("titles", json!([{"title": self.title}]));
        put("publicationYear", json!(self.year()));
        put(
            "dates",
            json!([{"date": self.date.to_day(), "dateType": "Created"}]),
        );
        if let Some(version) = &self.version {
            put("version", json!(version));
        }
        let creators: Vec<Value> = if self.creators.is_empty() {
            vec![json!({"name": UNAVAILABLE})]
        } else {
            self.creators.iter().map(datacite_creator).collect()
        };
        put("creators", Value::Array(creators));
        put(
            "publisher",
            json!({"name": self.publisher.as_deref().unwrap_or(UNAVAILABLE)}),
        );
        if let Some(doi) = &self.doi {
            put("doi", json!(doi));
        }
        let descriptions = self.datacite_descriptions();
        if !descriptions.is_empty() {
            put("descriptions", Value::Array(descriptions));
        }
        if let Some(query) = &self.subset {
            put("sizes", json!([format!("{} annotations", query.record.count)]));
        }
        if let Some(rights) = self.datacite_rights() {
            put("rightsList", json!([rights]));
        }
        let alternate: Vec<Value> = self
            .identifiers()
            .into_iter()
            .map(|(value, what)| json!({"alternateIdentifier": value, "alternateIdentifierType": what}))
            .collect();
        put("alternateIdentifiers", Value::Array(alternate));
        let related: Vec<Value> = self
            .related
            .iter()
            .map(|related| {
                json!({
                    "relatedIdentifier": related.identifier,
                    "relatedIdentifierType": related.kind,
                    "relationType": related.relation,
                })
            })
            .collect();
        if !related.is_empty() {
            put("relatedIdentifiers", Value::Array(related));
        }
        format!("{:#}\n", Value::Object(out))
    }

    fn datacite_descriptions(&self) -> Vec<Value> {
        let chosen = self.chosen();
        let withdrawn = self.withdrawn.as_ref().map(ToString::to_string);
        [
            (&self.description, "Abstract"),
            (&chosen, "TechnicalInfo"),
            (&withdrawn, "Other"),
        ]
        .into_iter()
        .filter_map(|(text, kind)| Some(json!({"description": text.as_ref()?, "descriptionType": kind})))
        .collect()
    }

    fn datacite_rights(&self) -> Option<Value> {
        let licence = self.licence()?;
        let mut rights = Map::from_iter([("rights".to_owned(), json!(licence))]);
        if let Some(url) = self.licence_address() {
            rights.insert("rightsUri".to_owned(), json!(url));
        }
        if is_spdx(licence) {
            rights.insert("rightsIdentifier".to_owned(), json!(licence));
            rights.insert("rightsIdentifierScheme".to_owned(), json!("SPDX"));
        }
        Some(Value::Object(rights))
    }
}

fn datacite_creator(creator: &Creator) -> Value {
    match &creator.given {
        Some(given) => json!({
            "name": creator.name(),
            "nameType": "Personal",
            "givenName": given,
            "familyName": creator.family,
        }),
        None => json!({"name": creator.family}),
    }
}
