//! What a rule gives for all annotations of a version, and the form in which rules are written on a command line.
//!
//! ```text
//! as-recorded
//! first-human
//! majority                       the same as majority(kinds=human,tie=undecided)
//! majority(kinds=human+model,tie=recorded)
//! adjudicated                    who is who is taken from the ratings, where these leave no doubt
//! adjudicated(primary=human-1+human-2,third=human-3)
//! weighted(weights=human-1:3+human-2:1+model-1:1)                     quorum=1 and tie=undecided where they are not given
//! weighted(weights=human-1:3+human-2:1,quorum=3,tie=recorded)
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::dataset::Dataset;
use crate::event::{State, StateError, scan_records};
use crate::id::{AnnotationId, Code, LabelId};
use crate::model::rule::Tie;
use crate::model::{AnnotatorKind, AnnotatorRecord, EntityKind, Key, KeyParts, RatingRecord, Rule};

/// What a rule gives for each annotation of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsensusReport {
    /// The rule.
    pub rule: Rule,
    /// How many annotations there are.
    pub annotations: u64,
    /// How many have an agreed label, exceptions included.
    pub decided: u64,
    /// How many have none.
    pub undecided: u64,
    /// How many have which label, by its name.
    pub labels: BTreeMap<String, u64>,
    /// Where a logged exception differs from the rule.
    pub exceptions: Vec<Exception>,
}

/// A logged exception that differs from the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The annotation.
    pub annotation: AnnotationId,
    /// The label by the rule; `None` is *undecided*.
    pub rule_label: Option<String>,
    /// The agreed label; `None` is *undecided*.
    pub label: Option<String>,
}

/// Evaluates a rule for every annotation of a version.
///
/// # Errors
/// [`StateError`] when the version cannot be read.
pub fn evaluate_all(version: &(dyn State + Sync), rule: &Rule) -> Result<ConsensusReport, StateError> {
    let dataset = Dataset::open(version, Some(rule))?;
    let mut report = ConsensusReport {
        rule: rule.clone(),
        annotations: 0,
        decided: 0,
        undecided: 0,
        labels: BTreeMap::new(),
        exceptions: Vec::new(),
    };
    for image in dataset.images() {
        for row in dataset.rows().rows_of(image)? {
            report.annotations += 1;
            let name = |label: Option<LabelId>| {
                label
                    .and_then(|id| dataset.rows().label_name(id))
                    .map(str::to_owned)
            };
            match row.label {
                Some(label) => {
                    report.decided += 1;
                    *report
                        .labels
                        .entry(name(Some(label)).unwrap_or_default())
                        .or_default() += 1;
                }
                None => report.undecided += 1,
            }
            if row.exception.is_some() && row.rule_label != row.label {
                report.exceptions.push(Exception {
                    annotation: row.annotation,
                    rule_label: name(row.rule_label),
                    label: name(row.label),
                });
            }
        }
    }
    report.exceptions.sort_by_key(|exception| exception.annotation);
    Ok(report)
}

/// A text that names no rule here.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The rule is not known.
    #[error(
        "there is no rule '{name}'; known are as-recorded, first-human, majority, adjudicated and weighted"
    )]
    UnknownRule {
        /// The name.
        name: String,
    },
    /// The text has not the form of a rule.
    #[error("'{text}' is not written as a rule: {why}")]
    Form {
        /// The text.
        text: String,
        /// Why.
        why: String,
    },
    /// An annotator is not in the version.
    #[error("there is no annotator '{code}' in this version")]
    UnknownAnnotator {
        /// The code.
        code: String,
    },
    /// The ratings leave open who the third is.
    #[error("who is who for 'adjudicated' cannot be told from the ratings: {why}")]
    NotInferred {
        /// Why.
        why: String,
    },
    /// The version cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Writes a rule with its parameters, as [`parse_rule`] reads it.
#[must_use]
pub fn rule_text(rule: &Rule) -> String {
    match rule {
        Rule::AsRecorded | Rule::FirstHuman => rule.name().to_owned(),
        Rule::Majority { kinds, tie } => {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            format!("majority(kinds={},tie={})", kinds.join("+"), tie.as_str())
        }
        Rule::Adjudicated {
            primary: [first, second],
            third,
        } => format!("adjudicated(primary={first}+{second},third={third})"),
        Rule::Weighted { weights, quorum, tie } => {
            let weights: Vec<String> = weights
                .iter()
                .map(|(code, weight)| format!("{code}:{weight}"))
                .collect();
            let (weights, tie) = (weights.join("+"), tie.as_str());
            format!("weighted(weights={weights},quorum={quorum},tie={tie})")
        }
    }
}

/// Reads a rule; annotators must be in the version, and those that `adjudicated` leaves out are taken from it.
///
/// # Errors
/// [`RuleError`] when the text is no rule, names unknown annotators, or the ratings leave them open.
pub fn parse_rule(text: &str, state: &dyn State) -> Result<Rule, RuleError> {
    let (name, parameters) = split(text)?;
    let allowed: &[&str] = match name {
        "as-recorded" | "first-human" => &[],
        "majority" => &["kinds", "tie"],
        "adjudicated" => &["primary", "third"],
        "weighted" => &["weights", "quorum", "tie"],
        _ => {
            return Err(RuleError::UnknownRule {
                name: name.to_owned(),
            });
        }
    };
    let form = |why: String| RuleError::Form {
        text: text.to_owned(),
        why,
    };
    if let Some(other) = parameters.keys().find(|key| !allowed.contains(*key)) {
        return Err(form(format!("{name} has no parameter '{other}'")));
    }
    match name {
        "as-recorded" => Ok(Rule::AsRecorded),
        "first-human" => Ok(Rule::FirstHuman),
        "majority" => majority(&parameters, form),
        "weighted" => weighted(&parameters, state, form),
        _ => adjudicated(&parameters, state, form),
    }
}

type Parameters<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// Takes `name(key=value+value,key=value)` apart.
fn split(text: &str) -> Result<(&str, Parameters<'_>), RuleError> {
    let form = |why: &str| RuleError::Form {
        text: text.to_owned(),
        why: why.to_owned(),
    };
    let text = text.trim();
    let Some((name, rest)) = text.split_once('(') else {
        return Ok((text, Parameters::new()));
    };
    let inner = rest
        .strip_suffix(')')
        .ok_or_else(|| form("the closing bracket is missing"))?;
    let mut parameters = Parameters::new();
    for part in inner.split(',').filter(|part| !part.trim().is_empty()) {
        let (key, values) = part
            .split_once('=')
            .ok_or_else(|| form("parameters are written key=value"))?;
        let values = values.split('+').map(str::trim).collect();
        if parameters.insert(key.trim(), values).is_some() {
            return Err(form("a parameter stands there twice"));
        }
    }
    Ok((name.trim(), parameters))
}

fn majority(parameters: &Parameters<'_>, form: impl Fn(String) -> RuleError) -> Result<Rule, RuleError> {
    let mut kinds = Vec::new();
    for word in parameters
        .get("kinds")
        .map_or(["human"].as_slice(), Vec::as_slice)
    {
        let kind = AnnotatorKind::parse(word).map_err(|error| form(error.to_string()))?;
        if kinds.contains(&kind) {
            return Err(form(format!("'{kind}' stands there twice")));
        }
        kinds.push(kind);
    }
    // One rule has one form, in whatever order its kinds were given.
    kinds.sort_unstable();
    let tie = tie(parameters, &form)?;
    Ok(Rule::Majority { kinds, tie })
}

fn tie(parameters: &Parameters<'_>, form: &impl Fn(String) -> RuleError) -> Result<Tie, RuleError> {
    let words = parameters.get("tie").map_or(&["undecided"][..], Vec::as_slice);
    let found = match words {
        [word] => Tie::parse(word),
        _ => None,
    };
    found.ok_or_else(|| {
        form(format!(
            "a tie is recorded or undecided, not '{}'",
            words.join("+")
        ))
    })
}

fn weighted(
    parameters: &Parameters<'_>,
    state: &dyn State,
    form: impl Fn(String) -> RuleError,
) -> Result<Rule, RuleError> {
    let whole = |word: &str| word.parse::<u32>().ok().filter(|number| *number > 0);
    let mut weights = BTreeMap::new();
    for word in parameters.get("weights").map_or(&[][..], Vec::as_slice) {
        let (code, weight) = word
            .split_once(':')
            .and_then(|(code, weight)| Some((code, whole(weight)?)))
            .ok_or_else(|| form(format!("'{word}' is no weight, such as human-1:2")))?;
        if weights.insert(known(state, code)?, weight).is_some() {
            return Err(form(format!("'{code}' stands there twice")));
        }
    }
    if weights.is_empty() {
        return Err(form(
            "it needs weights, such as weights=human-1:2+human-2:1".to_owned(),
        ));
    }
    let quorum = match parameters.get("quorum").map(Vec::as_slice) {
        None => 1,
        Some([word]) => whole(word).ok_or_else(|| form(format!("'{word}' is no quorum, such as 2")))?,
        Some(_) => return Err(form("there is one quorum".to_owned())),
    };
    if u64::from(quorum) > weights.values().copied().map(u64::from).sum() {
        return Err(form(format!(
            "all weights together do not reach the quorum {quorum}"
        )));
    }
    let tie = tie(parameters, &form)?;
    Ok(Rule::Weighted { weights, quorum, tie })
}

/// An annotator of the version.
fn known(state: &dyn State, word: &str) -> Result<Code, RuleError> {
    let unknown = || RuleError::UnknownAnnotator {
        code: word.to_owned(),
    };
    let code = Code::parse(word).map_err(|_| unknown())?;
    match state.get(&Key::annotator(&code))? {
        Some(_) => Ok(code),
        None => Err(unknown()),
    }
}

fn adjudicated(
    parameters: &Parameters<'_>,
    state: &dyn State,
    form: impl Fn(String) -> RuleError,
) -> Result<Rule, RuleError> {
    match (
        parameters.get("primary").map(Vec::as_slice),
        parameters.get("third").map(Vec::as_slice),
    ) {
        (None, None) => infer_adjudicated(state),
        (Some([first, second]), Some([third])) => {
            let (first, second, third) = (known(state, first)?, known(state, second)?, known(state, third)?);
            if first == second || first == third || second == third {
                return Err(form("the three must be different annotators".to_owned()));
            }
            let primary = if first < second {
                [first, second]
            } else {
                [second, first]
            };
            Ok(Rule::Adjudicated { primary, third })
        }
        _ => Err(form(
            "it needs both, primary=CODE+CODE and third=CODE, or neither".to_owned(),
        )),
    }
}

/// Finds who of three people rated only where the first opinions of the other two differ.
fn infer_adjudicated(state: &dyn State) -> Result<Rule, RuleError> {
    let open = |why: String| RuleError::NotInferred { why };
    let mut humans = BTreeSet::new();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Annotator),
        |_, record: AnnotatorRecord| {
            if record.kind == AnnotatorKind::Human {
                humans.insert(record.code);
            }
            ControlFlow::Continue(())
        },
    )?;
    let opinions = first_opinions(state, &humans)?;
    let raters: BTreeSet<&Code> = opinions.values().flat_map(BTreeMap::keys).collect();
    let raters: Vec<&Code> = raters.into_iter().collect();
    let [a, b, c] = raters.as_slice() else {
        return Err(open(format!("{} people rated, not three", raters.len())));
    };
    let candidates: Vec<([&Code; 2], &Code)> = [([*b, *c], *a), ([*a, *c], *b), ([*a, *b], *c)]
        .into_iter()
        .filter(|([first, second], third)| {
            opinions
                .values()
                .filter(|given| given.contains_key(*third))
                .all(|given| match (given.get(*first), given.get(*second)) {
                    (Some(one), Some(other)) => one != other,
                    (None, _) | (_, None) => false,
                })
        })
        .collect();
    match candidates.as_slice() {
        [([first, second], third)] => Ok(Rule::Adjudicated {
            primary: [(*first).clone(), (*second).clone()],
            third: (*third).clone(),
        }),
        [] => Err(open(
            "each of the three also rated where the other two agree".to_owned(),
        )),
        several => Err(open(format!(
            "{} of the three rated only where the other two differ",
            several.len()
        ))),
    }
}

type Opinions = BTreeMap<AnnotationId, BTreeMap<Code, LabelId>>;

/// The first opinion of each person on each annotation; ratings come sorted by round and order within a person's.
fn first_opinions(state: &dyn State, humans: &BTreeSet<Code>) -> Result<Opinions, StateError> {
    let mut opinions = Opinions::new();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Rating),
        |key, record: RatingRecord| {
            if let (Ok(KeyParts::Rating(rating)), Some(label)) = (key.parts(), record.label)
                && humans.contains(&rating.annotator)
            {
                let given = opinions.entry(rating.annotation).or_default();
                given.entry(rating.annotator).or_insert(label);
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(opinions)
}
