//! Finds libferry: in `FERRY_LIB_DIR`, or where pkg-config says.

use std::{env, process::Command};

fn main() {
    println!("cargo:rerun-if-env-changed=FERRY_LIB_DIR");
    println!("cargo:rustc-link-lib=dylib=ferry");
    let folder = env::var("FERRY_LIB_DIR").ok().or_else(|| {
        let output = Command::new("pkg-config").args(["--variable=libdir", "libferry"]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        if output.status.success() && !text.is_empty() {
            Some(text)
        } else {
            None
        }
    });
    if let Some(folder) = folder {
        println!("cargo:rustc-link-search=native={}", folder);
        println!("cargo:libdir={}", folder);
    }
}
