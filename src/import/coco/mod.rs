//! Reads coco.
