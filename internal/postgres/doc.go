// Package postgres connects to the warehouse and brings its schema up to date.
// The private server of the embedded default is its subpackage private. The package is
// larger than others, since migrations, roles and the nodes of a cluster are changed under
// the same locks and told from others' things by the same look at the catalogue.
package postgres
