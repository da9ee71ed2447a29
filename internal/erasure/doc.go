// Package erasure takes people out of the warehouse: on request, where a reading shows
// late whose a stored row is, by age, and their names where only these are to go. It
// keeps what makes sure that no later reading brings them back.
package erasure
