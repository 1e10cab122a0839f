// Package actor says who acts and what they may see. The identity always comes from the server side (a session, a job,
// a callback), never from a request's body.
package actor

import "context"

// Role is what a signed-in person is to the brand.
type Role string

// The roles, widest first. What each may do stands in the auth package's permission table.
const (
	Owner        Role = "owner"
	Operator     Role = "operator"
	StoreManager Role = "store_manager"
	Staff        Role = "staff"
	Analyst      Role = "analyst"
	System       Role = "system" // jobs and callbacks; never a session
)

// Scope limits which rows a person sees: everything, some stores, or one member of staff's own customers and groups.
// The zero Scope sees nothing.
type Scope struct {
	All    bool
	Stores []int64
	Staff  int64
}

// Actor is one acting person or the system. UserID is 0 for the system; StaffID is the directory's staff row, if linked.
type Actor struct {
	UserID  int64
	StaffID int64
	Name    string
	Role    Role
	Scope   Scope
	Masked  bool // personal columns are shown masked
}

// SystemActor acts for jobs, callbacks and the clock.
func SystemActor() Actor { return Actor{Name: "system", Role: System, Scope: Scope{All: true}} }

type key struct{}

// With returns a context that carries the actor.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, key{}, a) }

// From returns the actor of the context; a context without one yields an actor that sees nothing.
func From(ctx context.Context) Actor {
	a, _ := ctx.Value(key{}).(Actor)
	return a
}
