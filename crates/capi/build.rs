//! Names the library as programs will look for it at run time.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let name = match system.as_str() {
        "macos" => "-Wl,-install_name,@rpath/libzeekwire.0.dylib",
        _ => "-Wl,-soname,libzeekwire.so.0",
    };
    println!("cargo:rustc-cdylib-link-arg={name}");
}
