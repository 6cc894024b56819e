//! Points in time as Holotype writes them, and the one value through which a clock comes in.
//!
//! Nothing here reads a clock: the binary does and hands the result down.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A text that is not a point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a time; write it as 2026-11-01T12:00:00Z{}", .note)]
pub struct TimeError {
    text: String,
    note: &'static str,
}

/// A point in time in UTC, to the millisecond, in the years 0000 to 9999. Its one textual form is
/// `2026-11-01T12:00:00.000Z` (RFC 3339), which sorts as the times do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// Takes milliseconds since 1970-01-01T00:00:00Z; `None` outside of the years 0000 to 9999.
    #[must_use]
    pub fn from_unix_ms(milliseconds: i64) -> Option<Self> {
        let time = DateTime::from_timestamp_millis(milliseconds)?;
        (0..=9999).contains(&time.year()).then_some(Self(time))
    }

    /// Returns milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn as_unix_ms(&self) -> i64 {
        self.0.timestamp_millis()
    }

    /// Parses any RFC 3339 time, with any offset; digits below the millisecond are cut.
    ///
    /// # Errors
    /// [`TimeError`] when the text is no such time.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .and_then(|time| Self::from_unix_ms(time.timestamp_millis()))
            .ok_or_else(|| TimeError {
                text: text.to_owned(),
                note: "",
            })
    }

    /// Parses a time, or a day (`2026-11-01`) as its last millisecond in UTC.
    ///
    /// # Errors
    /// [`TimeError`] when the text is neither.
    pub fn parse_time_or_end_of_day(text: &str) -> Result<Self, TimeError> {
        if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            let end = day.and_hms_milli_opt(23, 59, 59, 999).map(|time| time.and_utc());
            if let Some(stamp) = end.and_then(|time| Self::from_unix_ms(time.timestamp_millis())) {
                return Ok(stamp);
            }
        }
        Self::parse(text).map_err(|error| TimeError {
            note: ", or a day as 2026-11-01",
            ..error
        })
    }

    /// Returns the day, `2026-11-01`.
    #[must_use]
    pub fn to_day(&self) -> String {
        self.0.format("%Y-%m-%d").to_string()
    }

    /// Returns the form for tables that people read, `2026-11-01 12:00`.
    #[must_use]
    pub fn to_minutes(&self) -> String {
        self.0.format("%Y-%m-%d %H:%M").to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let stamp = Self::parse(&text).map_err(D::Error::custom)?;
        if stamp.to_string() == text {
            Ok(stamp)
        } else {
            Err(D::Error::custom(format!("'{text}' is not written as {stamp}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_one_time() {
        let stamp = Timestamp::parse("2026-11-01T14:00:00+02:00").unwrap();
        assert_eq!(stamp.to_string(), "2026-11-01T12:00:00.000Z");
        assert_eq!(
            serde_json::from_str::<Timestamp>("\"2026-11-01T12:00:00.000Z\"").unwrap(),
            stamp
        );
        assert!(serde_json::from_str::<Timestamp>("\"2026-11-01T12:00:00Z\"").is_err());
    }

    #[test]
    fn a_day_is_its_end() {
        let end = Timestamp::parse_time_or_end_of_day("2026-11-01").unwrap();
        assert_eq!(end.to_string(), "2026-11-01T23:59:59.999Z");
        assert!(Timestamp::parse_time_or_end_of_day("2026-13-01").is_err());
        assert!(
            Timestamp::parse_time_or_end_of_day("yesterday")
                .unwrap_err()
                .to_string()
                .contains("or a day")
        );
    }

    #[test]
    fn years_beyond_9999_are_refused() {
        assert!(Timestamp::from_unix_ms(i64::MAX).is_none());
        assert!(Timestamp::parse("10000-01-01T00:00:00Z").is_err());
    }
}
