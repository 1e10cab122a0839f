package pg

// Family says how a table is spread over a cluster: the four distributed families by their key, and the two others.
type Family string

// The families. Rows of one family with the same key live together, so they can be joined and refer to each other.
const (
	ByCustomer Family = "customer"  // distributed by the customer's id
	ByGroup    Family = "group"     // by the group's id
	ByStaff    Family = "staff"     // by the staff member's id
	ByValue    Family = "value"     // by an outside value: external_userid, unionid, phone, member number, openid
	Reference  Family = "reference" // small, on every node
	Local      Family = "local"     // queue and sessions: on the coordinator alone
)

// Distributed reports whether the family's tables have a distribution key.
func (f Family) Distributed() bool {
	return f == ByCustomer || f == ByGroup || f == ByStaff || f == ByValue
}

// Families lists all of them.
func Families() []Family {
	return []Family{ByCustomer, ByGroup, ByStaff, ByValue, Reference, Local}
}

// Table is what a package declares about a table of its own. The four rules are one short phrase each, never empty:
// "move", "keep", "delete", "24 months", "follow customer".
type Table struct {
	Name      string
	Owner     string // the package that reads and writes it
	Family    Family
	Key       string   // the distribution column; "" for Reference and Local
	Personal  []string // columns that hold personal data
	Merge     string   // when two customers turn out to be one
	Erase     string   // when a customer asks to be forgotten
	Retention string   // how long rows stay
	Sampling  string   // what a rehearsal's sample takes along
}
