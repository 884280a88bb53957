//! Tests that images have versions, so that an operator can roll back.

use super::read;

#[test]
fn deployed_images_carry_the_version_of_what_is_in_them() {
    let workspace = read("Cargo.toml");
    let version = workspace.lines().find_map(|line| line.strip_prefix("version = ")).expect("a version");
    let version = version.trim_matches('"');
    let tag = format!("${{CALLSHOP_VERSION:-{version}}}");
    let compose = read("docker-compose.yml");
    let images: Vec<_> = compose.lines().filter_map(|line| line.trim().strip_prefix("image: ")).collect();
    assert_eq!(
        images.iter().filter(|image| image.trim_matches('"').starts_with("callshop")).count(),
        3,
        "{images:?}"
    );
    for image in images {
        let (name, tagged) = image
            .trim_matches('"')
            .split_once(':')
            .unwrap_or_else(|| panic!("the image {image} needs a version"));
        assert!(!name.starts_with("callshop") || tagged == tag, "{image}");
        assert!(tagged != "latest", "{image}");
    }
    let builds: Vec<_> = compose.lines().filter(|line| line.trim().starts_with("build:")).collect();
    assert!(
        builds.len() == 3 && builds.iter().all(|build| build.contains(&format!("VERSION: \"{tag}\""))),
        "{builds:?}"
    );
    for file in ["Dockerfile", "kamailio/Dockerfile", "deploy/postgres/Dockerfile"] {
        let text = read(file);
        let last = text.rsplit("\nFROM ").next().expect("an image");
        let labelled = last.contains("org.opencontainers.image.version=$VERSION");
        assert!(last.contains("\nARG VERSION\n") && labelled, "{file}");
    }
    let guide = read("docs/operating.md");
    assert!(guide.contains("### Going back") && guide.contains("CALLSHOP_VERSION="));
}
