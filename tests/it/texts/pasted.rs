//! Small texts as people paste them.
