//! The README's first screen is what the program says.

use std::path::Path;
use std::process::Command;

/// The lines of the first code block in this language.
fn block(readme: &str, language: &str) -> Vec<String> {
    let from_start = readme.lines().skip_while(|line| *line != format!("```{language}")).skip(1);
    from_start.take_while(|line| *line != "```").map(str::to_owned).collect()
}

/// All before the list of files, whose sizes depend on what was built in.
fn before_files(output: &str) -> Vec<&str> {
    output.lines().take_while(|line| *line != "FILES").collect()
}

#[test]
fn the_main_job_of_the_readme_prints_what_the_readme_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("README.md");
    let commands = block(&readme, "sh");
    let main_job = commands.iter().find_map(|line| line.strip_prefix("cargo run --release -- ")).expect("the main job");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = folder.path().join("synfin-report");
    let output = Command::new(env!("CARGO_BIN_EXE_synfin"))
        .args(main_job.split(' '))
        .arg("-o")
        .arg(&report)
        .env("LC_ALL", "C.UTF-8")
        .current_dir(root)
        .output()
        .expect("synfin runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = block(&readme, "text").join("\n");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(before_files(&printed), before_files(&shown));
    for file in ["connections.csv", "inputs.csv", "summary.json"] {
        assert!(report.join(file).metadata().is_ok_and(|file| file.len() > 0), "{file}");
    }
}
