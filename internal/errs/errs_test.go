package errs_test

import (
	"errors"
	"fmt"
	"testing"

	"qunce/internal/errs"
)

func TestKindSurvivesWrapping(t *testing.T) {
	cause := errors.New("disk")
	err := fmt.Errorf("load: %w", errs.E(errs.Conflict, "sop.running", "plan %d runs", 7).Wrap(cause))
	if errs.KindOf(err) != errs.Conflict || errs.CodeOf(err) != "sop.running" || !errors.Is(err, cause) {
		t.Fatalf("got %v %v %v", errs.KindOf(err), errs.CodeOf(err), err)
	}
}

func TestForeignErrorsAreInternal(t *testing.T) {
	if errs.KindOf(errors.New("x")) != errs.Internal || errs.CodeOf(errors.New("x")) != "internal" {
		t.Fatal("a foreign error must be internal")
	}
	if errs.KindOf(nil) != "" || errs.CodeOf(nil) != "" {
		t.Fatal("nil has neither kind nor code")
	}
}
