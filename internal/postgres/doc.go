// Package postgres connects to the warehouse and brings its schema up to date.
// The private server of the embedded default is its subpackage private.
package postgres
