package sim

import (
	"regexp"
	"strconv"
)

// product is an entry of the product album (商品图册).
type product struct {
	ID          string
	Created     int64 // Unix ms
	Description string
	Price       int64 // fen
	SN          string
	Pictures    []string // media ids
}

const (
	opProduct    = "product"  // body product
	opProductDel = "product-" // ID
)

func albumArea() area {
	return area{
		endpoints: map[string]endpoint{
			"externalcontact/add_product_album":      post((*call).productAdd),
			"externalcontact/get_product_album":      post((*call).productGet),
			"externalcontact/get_product_album_list": post((*call).productList),
			"externalcontact/update_product_album":   post((*call).productUpdate),
			"externalcontact/delete_product_album":   post((*call).productDelete),
		},
		changes: map[string]change{
			opProduct:    changing(func(s *state, _ int64, _ *op, v product) { s.Talk.Products[v.ID] = &v }),
			opProductDel: func(s *state, _ int64, o *op) error { delete(s.Talk.Products, o.ID); return nil },
		},
	}
}

type productIn struct {
	ID          string  `json:"product_id"`
	Description *string `json:"description"`
	Price       *int64  `json:"price"`
	SN          *string `json:"product_sn"`
	Pictures    []struct {
		Type  string `json:"type"`
		Image *struct {
			MediaID string `json:"media_id"`
		} `json:"image"`
	} `json:"attachments"`
}

var snShape = regexp.MustCompile(`^[0-9A-Za-z]{1,128}$`)

// onto lays the request over a product and checks the whole; pictures that were there already need no living media.
func (in *productIn) onto(c *call, p *product) error {
	set(&p.Description, in.Description)
	set(&p.SN, in.SN)
	if in.Price != nil {
		p.Price = *in.Price
	}
	if in.Pictures != nil {
		had := map[string]bool{}
		for _, id := range p.Pictures {
			had[id] = true
		}
		p.Pictures = nil
		for _, a := range in.Pictures {
			switch {
			case a.Type != "image":
				return refuse(41087, "invalid product attachment type")
			case a.Image == nil || a.Image.MediaID == "":
				return refuse(40063, "some parameters are empty")
			}
			if !had[a.Image.MediaID] {
				if _, err := c.media(a.Image.MediaID, mediaImage, fromAlbum); err != nil {
					return err
				}
			}
			p.Pictures = append(p.Pictures, a.Image.MediaID)
		}
	}
	switch {
	case p.Description == "" || chars(p.Description) > 300:
		return refuse(41085, "invalid product description")
	case p.Price < 0 || p.Price > 5_000_000:
		return refuse(41086, "invalid product price")
	case p.SN != "" && !snShape.MatchString(p.SN):
		return refuse(41075, "invalid product_sn")
	case len(p.Pictures) == 0:
		return refuse(41088, "empty attachments")
	case len(p.Pictures) > 9:
		return refuse(41064, "attachments count exceeds limit")
	}
	for id, other := range c.st.Talk.Products {
		if p.SN != "" && other.SN == p.SN && id != p.ID {
			return refuse(41075, "product_sn is not unique")
		}
	}
	return nil
}

func (c *call) productAdd() (fields, error) {
	var in productIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Description == nil || in.Price == nil {
		return nil, refuse(40063, "some parameters are empty")
	}
	p := product{Created: c.t.At}
	if err := in.onto(c, &p); err != nil {
		return nil, err
	}
	if len(c.st.Talk.Products) >= c.st.World.Limits.Products {
		return nil, refuse(41202, "product count exceeds limit")
	}
	p.ID = mint(c.st.World.Seed, "pr", c.st.next(), 30)
	c.t.change(op{K: opProduct}, p)
	return fields{"product_id": p.ID}, nil
}

func (c *call) product(in *productIn) (*product, error) {
	if in.ID == "" {
		return nil, refuse(41073, "missing product_id")
	}
	p := c.st.Talk.Products[in.ID]
	if p == nil {
		return nil, refuse(41074, "invalid product_id")
	}
	return p, nil
}

func (p *product) row() fields {
	pictures := []fields{}
	for _, id := range p.Pictures {
		pictures = append(pictures, fields{"type": "image", "image": fields{"media_id": id}})
	}
	row := fields{"product_id": p.ID, "description": p.Description, "price": p.Price, "create_time": p.Created / 1000, "attachments": pictures}
	if p.SN != "" {
		row["product_sn"] = p.SN
	}
	return row
}

func (c *call) productGet() (fields, error) {
	var in productIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	p, err := c.product(&in)
	if err != nil {
		return nil, err
	}
	return fields{"product": p.row()}, nil
}

func (c *call) productList() (fields, error) {
	var in struct {
		Limit  int    `json:"limit"`
		Cursor string `json:"cursor"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	after, err := position("product", in.Cursor)
	if err != nil {
		return nil, err
	}
	from := 0
	if after != "" {
		if from, err = strconv.Atoi(after); err != nil || from < 0 {
			return nil, refuse(50100, "invalid cursor")
		}
	}
	ids := sortedBy(c.st.Talk.Products, func(a, b *product) bool { return a.Created < b.Created })
	limit, rows, next := over(in.Limit, 50, 100), []fields{}, ""
	for i := min(from, len(ids)); i < len(ids); i++ {
		if len(rows) == limit {
			next = cursor("product", strconv.Itoa(i))
			break
		}
		rows = append(rows, c.st.Talk.Products[ids[i]].row())
	}
	return fields{"product_list": rows, "next_cursor": next}, nil
}

func (c *call) productUpdate() (fields, error) {
	var in productIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	old, err := c.product(&in)
	if err != nil {
		return nil, err
	}
	p := *old
	if err := in.onto(c, &p); err != nil {
		return nil, err
	}
	c.t.change(op{K: opProduct}, p)
	return nil, nil
}

func (c *call) productDelete() (fields, error) {
	var in productIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	p, err := c.product(&in)
	if err != nil {
		return nil, err
	}
	c.t.do(op{K: opProductDel, ID: p.ID})
	return nil, nil
}
