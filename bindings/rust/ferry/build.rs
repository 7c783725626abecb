//! Tests and examples run with the library that they were linked with.

use std::env;

fn main() {
    if let Ok(folder) = env::var("DEP_FERRY_LIBDIR") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder);
    }
}
