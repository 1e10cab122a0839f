package auth

import (
	"slices"

	"qunce/internal/actor"
	"qunce/internal/api"
)

// The permissions. read sees, within the person's scope; write changes; reveal shows personal columns in the clear and
// is recorded.
const (
	CustomerRead   api.Permission = "customer.read"
	CustomerWrite  api.Permission = "customer.write"
	CustomerReveal api.Permission = "customer.reveal"
	GroupRead      api.Permission = "group.read"
	CodeRead       api.Permission = "code.read"
	CodeWrite      api.Permission = "code.write"
	SOPRead        api.Permission = "sop.read"
	SOPWrite       api.Permission = "sop.write"
	TaskRead       api.Permission = "task.read"
	TaskWrite      api.Permission = "task.write"
	TouchRead      api.Permission = "touch.read"
	OrderRead      api.Permission = "order.read"
	OrderImport    api.Permission = "order.import"
	StoreRead      api.Permission = "store.read"
	StoreWrite     api.Permission = "store.write"
	ImportRun      api.Permission = "import.run"
	ReportRead     api.Permission = "report.read"
	SystemRead     api.Permission = "system.read"
	SystemManage   api.Permission = "system.manage"
	UserManage     api.Permission = "user.manage"
	AuditRead      api.Permission = "audit.read"
	ArchiveStatus  api.Permission = "archive.status" // where the chat archive stands, who agreed, who has a seat; no content
	ArchiveRead    api.Permission = "archive.read"   // what was said
	StaffSelf      api.Permission = "staff.self"
)

// AllPermissions lists them in the order of the table.
func AllPermissions() []api.Permission {
	return []api.Permission{
		CustomerRead, CustomerWrite, CustomerReveal, GroupRead, CodeRead, CodeWrite, SOPRead, SOPWrite, TaskRead, TaskWrite, TouchRead,
		OrderRead, OrderImport, StoreRead, StoreWrite, ImportRun, ReportRead, SystemRead, SystemManage, UserManage, AuditRead,
		ArchiveStatus, ArchiveRead, StaffSelf,
	}
}

// Roles lists the roles a person can have, widest first.
func Roles() []actor.Role {
	return []actor.Role{actor.Owner, actor.Operator, actor.StoreManager, actor.Staff, actor.Analyst}
}

// pending is the role of a session that was entered by a one-time link and has no password yet: signed in, but without
// any permission, and with a scope that sees nothing.
const pending actor.Role = "pending"

// Permissions is the table: what a role may do, in the order of AllPermissions. Which rows it may do it to is the scope.
func Permissions(r actor.Role) []api.Permission {
	switch r {
	case actor.Owner:
		return AllPermissions()
	case actor.Operator:
		return slices.DeleteFunc(AllPermissions(), func(p api.Permission) bool { return p == UserManage || p == SystemManage || p == ArchiveRead })
	case actor.StoreManager:
		return []api.Permission{
			CustomerRead, CustomerWrite, CustomerReveal, GroupRead, CodeRead, SOPRead, TaskRead, TaskWrite, TouchRead,
			OrderRead, StoreRead, ReportRead, StaffSelf,
		}
	case actor.Staff:
		return []api.Permission{CustomerRead, GroupRead, CodeRead, TaskRead, TaskWrite, OrderRead, StoreRead, StaffSelf}
	case actor.Analyst:
		return []api.Permission{CustomerRead, GroupRead, CodeRead, SOPRead, TaskRead, TouchRead, OrderRead, StoreRead, ReportRead}
	default: // the system acts without HTTP; pending and unknown roles may do nothing
		return nil
	}
}

// Can reports whether the actor's role has the permission.
func Can(a actor.Actor, p api.Permission) bool { return slices.Contains(Permissions(a.Role), p) }

// SetupRun is the permission of the first run, before there is a corp and anybody with a role: the browser that used the
// setup link has it, and no role ever does.
const SetupRun api.Permission = "setup.run"

// Known reports whether p stands in the table, or is one of those that no role grants: api.Public, api.SignedIn, SetupRun.
func Known(p api.Permission) bool {
	return p == api.Public || p == api.SignedIn || p == SetupRun || slices.Contains(AllPermissions(), p)
}
