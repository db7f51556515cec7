//! Two sessions against each other.
