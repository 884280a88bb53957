//! Secrets in configurations: printed as `<hidden>`, URLs without their passwords.

use secrecy::SecretString;
use serde::{Serialize as _, Serializer};

/// A database's or Redis' address without its password, for logs and people.
pub fn without_password(url: &str) -> String {
    // the query part may contain a password, too
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
/// Those of the serializer.
pub fn hidden_password<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&without_password(url))
}

/// Serializes an optional URL without its password.
///
/// # Errors
/// Those of the serializer.
pub fn hidden_password_of<S: Serializer>(
    url: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    use secrecy::ExposeSecret as _;
    url.as_ref().map(|url| without_password(url.expose_secret())).serialize(serializer)
}

/// Serializes whether there is a secret.
///
/// # Errors
/// Those of the serializer.
pub fn hidden<S: Serializer>(value: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(_) => serializer.serialize_some("<hidden>"),
        None => serializer.serialize_none(),
    }
}

/// Serializes that there is a secret.
///
/// # Errors
/// Those of the serializer.
pub fn hidden_one<S: Serializer>(_: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("<hidden>")
}

/// Serializes how many secrets there are.
///
/// # Errors
/// Those of the serializer.
pub fn hidden_list<S: Serializer>(values: &[SecretString], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|_| "<hidden>"))
}
