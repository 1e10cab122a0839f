package inbox

import (
	"slices"
	"testing"
	"time"

	"qunce/internal/wecom"
)

func TestReadsOf(t *testing.T) {
	got := readsOf([]wecom.Traced{
		{API: "/get", Took: 3 * time.Millisecond}, {API: "/list", Code: 60020, Took: time.Millisecond}, {API: "/get", Took: 7 * time.Millisecond}, {API: "/get", Code: -1, Took: time.Second},
	}, 5)
	want := []Read{{API: "/get", N: 2, MS: 7, With: 5}, {API: "/list", Code: 60020, N: 1, MS: 1, With: 5}, {API: "/get", Code: -1, N: 1, MS: 1000, With: 5}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got := readsOf(nil, 1); got == nil || len(got) != 0 {
		t.Errorf("%#v of no calls", got)
	}
}
