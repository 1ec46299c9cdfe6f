//! What the checks find in a binary.
