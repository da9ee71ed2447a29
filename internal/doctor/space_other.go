//go:build !linux && !darwin

package doctor

import "errors"

// freeSpace cannot tell here.
func freeSpace(string) (int64, error) { return 0, errors.New("not known on this system") }
