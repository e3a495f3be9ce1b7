//! What holds for any list of segments.
