//! Upstream source: a bare git store, its mirrors, patches and archives.
