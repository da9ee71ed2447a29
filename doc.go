// Package rollcall holds nothing: the program is cmd/rollcall, and its parts are in
// internal. CONTRIBUTING.md says which does what. Since it comes first and imports
// nothing, "go test ./..." has said its name before the rest is compiled.
package rollcall
