//! Rebuilds the crate when the web pages have changed, because the macro that embeds the pages does not notice new files. Only an optimized build
//! embeds the web pages.

fn main() {
    let is_optimized = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    println!("cargo:rerun-if-changed={}", if is_optimized { "../web/dist" } else { "build.rs" });
}
