//! Do both games learn, and go on in the same way from a saved place?
