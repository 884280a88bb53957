//! Options from files, which is how Docker and systemd pass secrets: `CALLSHOP_AUTH__TOKEN_KEY_FILE=/run/secrets/token-key`.

use figment::value::Value;
use serde_json::Value as Json;

use super::ConfigError;

/// Maximum size of a file that contains an option, in bytes. Secrets are far shorter.
const MAX_BYTES: usize = 64 * 1024;

/// An option that a file sets: the option's path (`auth.token_key`) and its value.
pub(super) type FromFile = (String, Value);

/// The options set by environment variables that end in `_FILE`. `options` contains every option with its default. Ignores variables that set an
/// option whose own name ends in `_FILE`.
///
/// # Errors
/// Fails if a file is missing, unreadable, empty or too large, or if an option is set twice.
pub(super) fn options(variables: &[(String, String)], options: &Json) -> Result<Vec<FromFile>, ConfigError> {
    let mut found = Vec::new();
    for (name, file) in variables {
        let Some(option) = option_in_file(name, options) else { continue };
        let name = name.to_ascii_uppercase();
        let bad = |text: String| ConfigError::Invalid(format!("{name}={file}: {text}"));
        let plain = name.strip_suffix("_FILE").unwrap_or(&name);
        if variables.iter().any(|(other, _)| other.eq_ignore_ascii_case(plain)) {
            return Err(ConfigError::Invalid(format!("{plain} and {name} are both set: unset one of them")));
        }
        let text = std::fs::read_to_string(file).map_err(|error| bad(error.to_string()))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(bad("the file is empty: write the value into it".to_owned()));
        }
        if text.len() > MAX_BYTES {
            return Err(bad(format!(
                "the file is larger than {MAX_BYTES} bytes: it must contain only the option's value"
            )));
        }
        found.push((option.clone(), value(text, default_of(&option, options))));
    }
    Ok(found)
}

/// The option whose value is in the file that a variable names.
pub(super) fn option_in_file(variable: &str, options: &Json) -> Option<String> {
    let path = |name: &str| name.replace("__", ".");
    let name = variable.to_ascii_lowercase();
    let name = name.strip_prefix("callshop_")?;
    if default_of(&path(name), options).is_some() {
        return None;
    }
    let option = path(name.strip_suffix("_file")?);
    default_of(&option, options).is_some().then_some(option)
}

/// Whether a variable sets an option, either directly or with a file. `name` is the variable's name in lower case, without `CALLSHOP_`.
pub(super) fn is_option(name: &str, options: &Json) -> bool {
    let is_known = |name: &str| default_of(&name.replace("__", "."), options).is_some();
    is_known(name) || name.strip_suffix("_file").is_some_and(is_known)
}

fn default_of<'a>(path: &str, options: &'a Json) -> Option<&'a Json> {
    path.split('.').try_fold(options, |at, key| at.get(key))
}

/// Converts the text to the option's type. A text option keeps the text unchanged, even if it looks like a number. A list has one value per line,
/// or is written in brackets.
fn value(text: &str, default: Option<&Json>) -> Value {
    match default {
        Some(Json::String(_) | Json::Null) => Value::from(text),
        Some(Json::Array(_)) if !text.trim_start().starts_with('[') => {
            Value::from(text.lines().map(|line| Value::from(line.trim_end())).collect::<Vec<_>>())
        }
        // figment's environment parser never fails, because it reads a value as text if the value fits no other type
        _ => text.parse().unwrap_or_else(|_| Value::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(variables: &[(&str, &str)]) -> Result<Vec<FromFile>, String> {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let defaults = serde_json::to_value(Config::default()).expect("a configuration");
        options(&variables, &defaults).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_sets_an_option_without_its_last_line_break() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("it is written");
            path.display().to_string()
        };
        let key = file("key", "0123456789012345678901234567890123456789\n");
        let found = read(&[("CALLSHOP_AUTH__TOKEN_KEY_FILE", &key)]).expect("it is read");
        assert_eq!(
            found,
            [("auth.token_key".to_owned(), Value::from("0123456789012345678901234567890123456789"))]
        );
        let secrets = file("secrets", "the-first-secret-of-two\r\nthe-other-secret-of-two\r\n");
        let found = read(&[("CALLSHOP_HOOK__SECRETS_FILE", &secrets)]).expect("it is read");
        let list =
            Value::from(vec![Value::from("the-first-secret-of-two"), Value::from("the-other-secret-of-two")]);
        assert_eq!(found, [("hook.secrets".to_owned(), list)]);
        let empty = file("empty", "\n");
        for (variables, why) in [
            (vec![("CALLSHOP_AUTH__TOKEN_KEY_FILE", empty.as_str())], "empty"),
            (vec![("CALLSHOP_AUTH__TOKEN_KEY_FILE", "/not/there")], "No such file"),
            (vec![("CALLSHOP_DATABASE_URL", "sqlite:a"), ("CALLSHOP_DATABASE_URL_FILE", &key)], "both set"),
        ] {
            let told = read(&variables).expect_err("it is refused");
            assert!(told.contains(why) && !told.contains("0123456789"), "{told}");
        }
        // this test has an option whose own name ends in _FILE, and a variable that is not an option
        assert_eq!(
            read(&[("CALLSHOP_REDIS__CA_FILE", "/not/there"), ("CALLSHOP_X_FILE", "/not/there")]),
            Ok(vec![])
        );
    }
}
