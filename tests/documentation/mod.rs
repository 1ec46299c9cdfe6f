//! The pages for people: links, commands and the reference of recipe fields match the tool.

mod command_line;
mod commands;
mod links;
mod pages;
mod recipe_fields;
mod reference;
