# Defines Zeekwire::C: the static C library, built with cargo or given as ZEEKWIRE_LIBRARY.

get_filename_component(_workspace "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(_capi "${_workspace}/crates/capi")

set(ZEEKWIRE_LIBRARY "" CACHE FILEPATH "A static library libzeekwire that was built before.")
set(ZEEKWIRE_INCLUDE_DIR "${_capi}/include" CACHE PATH "The folder that holds zeekwire.h.")

if (ZEEKWIRE_LIBRARY)
    set(_library "${ZEEKWIRE_LIBRARY}")
    add_custom_target(zeekwire_cargo)
else ()
    find_program(CARGO_EXECUTABLE cargo HINTS "$ENV{HOME}/.cargo/bin")

    if (NOT CARGO_EXECUTABLE)
        message(FATAL_ERROR "cargo was not found: install Rust 1.90 or newer, or pass "
                            "--with-zeekwire=FILE to configure to use a library built before.")
    endif ()

    if (DEFINED ENV{CARGO_TARGET_DIR})
        set(_cargo_dir_default "$ENV{CARGO_TARGET_DIR}")
    else ()
        set(_cargo_dir_default "${CMAKE_CURRENT_BINARY_DIR}/cargo")
    endif ()

    set(ZEEKWIRE_CARGO_DIR "${_cargo_dir_default}" CACHE PATH "Where cargo builds.")
    set(_library "${ZEEKWIRE_CARGO_DIR}/release/libzeekwire_c.a")

    # Cargo knows best what is up to date.
    add_custom_target(
        zeekwire_cargo
        COMMAND
            "${CARGO_EXECUTABLE}" rustc --release --locked --package zeekwire-capi --lib
            --crate-type staticlib --manifest-path "${_workspace}/Cargo.toml" --target-dir
            "${ZEEKWIRE_CARGO_DIR}"
        BYPRODUCTS "${_library}"
        WORKING_DIRECTORY "${_workspace}"
        COMMENT "Building libzeekwire"
        USES_TERMINAL
        VERBATIM)
endif ()

find_package(Threads REQUIRED)

add_library(zeekwire_c STATIC IMPORTED GLOBAL)
add_library(Zeekwire::C ALIAS zeekwire_c)
set_target_properties(zeekwire_c PROPERTIES IMPORTED_LOCATION "${_library}"
                                            INTERFACE_INCLUDE_DIRECTORIES "${ZEEKWIRE_INCLUDE_DIR}")
target_link_libraries(zeekwire_c INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
add_dependencies(zeekwire_c zeekwire_cargo)

if (UNIX AND NOT APPLE)
    # Also where Zeek itself is what is linked.
    get_filename_component(_library_name "${_library}" NAME)
    target_link_options(zeekwire_c INTERFACE "LINKER:--exclude-libs,${_library_name}")
endif ()
