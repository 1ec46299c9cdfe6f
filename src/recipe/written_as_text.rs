//! Types that are written as a text in YAML and JSON.

/// Implements serde for a type through its [`std::str::FromStr`], whose error says what is wrong with the text.
macro_rules! written_as_text {
    ($type:ty) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(super) use written_as_text;
