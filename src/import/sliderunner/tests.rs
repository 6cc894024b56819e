//! What real databases do, on small ones of each schema age; hostile files; the published MIDOG file.

mod fixture;
mod hostile;
mod quirks;
mod real;
