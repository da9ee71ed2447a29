//go:build !linux && !darwin

package cli

import "errors"

// freeSpace cannot tell here.
func freeSpace(string) (int64, error) { return 0, errors.New("not known on this system") }
