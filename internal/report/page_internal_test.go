package report

import "testing"

// A session whose start or end is absurd may be longer than a time.Duration.
func TestLength(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{
		0: "0 s", 59.4: "59 s", 59.5: "1 min", 3569: "59 min", 3599.5: "1 h 0 min", 5400: "1 h 30 min",
		251606699999.999: "69890750 h 0 min",
	} {
		if got := (page{}).Length(seconds); got != want {
			t.Errorf("%v seconds are %q, want %q", seconds, got, want)
		}
	}
}
