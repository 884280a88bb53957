//! Hides the secrets in a configuration when it is printed: a secret becomes `<hidden>`, and a URL loses its password.

use secrecy::SecretString;
use serde::{Serialize as _, Serializer};

/// The URL of a database or Redis without its password, for logs and other output.
pub fn without_password(url: &str) -> String {
    // the query string may contain a password too
    let url = if url.starts_with("sqlite:") { url } else { url.split('?').next().unwrap_or_default() };
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}")
        }
        None => url.to_owned(),
    }
}

/// Serializes a URL without its password.
///
/// # Errors
/// Returns the serializer's errors.
pub fn hidden_password<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&without_password(url))
}

/// Serializes an optional URL without its password.
///
/// # Errors
/// Returns the serializer's errors.
pub fn hidden_password_of<S: Serializer>(
    url: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    use secrecy::ExposeSecret as _;
    url.as_ref().map(|url| without_password(url.expose_secret())).serialize(serializer)
}

/// Serializes an optional secret as `<hidden>` or null.
///
/// # Errors
/// Returns the serializer's errors.
pub fn hidden<S: Serializer>(value: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(_) => serializer.serialize_some("<hidden>"),
        None => serializer.serialize_none(),
    }
}

/// Serializes a secret as `<hidden>`.
///
/// # Errors
/// Returns the serializer's errors.
pub fn hidden_one<S: Serializer>(_: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("<hidden>")
}

/// Serializes each secret in a list as `<hidden>`.
///
/// # Errors
/// Returns the serializer's errors.
pub fn hidden_list<S: Serializer>(values: &[SecretString], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|_| "<hidden>"))
}
