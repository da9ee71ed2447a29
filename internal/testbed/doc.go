// Package testbed gives tests a warehouse to work on: an empty one with a run under
// way, or one that the whole path fills from a simulated API.
package testbed
