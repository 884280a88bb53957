//! Builds the crate again when the web pages have changed, because the macro that embeds them does not notice new files. Only an optimized build
//! embeds them.

fn main() {
    let is_optimized = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    println!("cargo:rerun-if-changed={}", if is_optimized { "../web/dist" } else { "build.rs" });
}
