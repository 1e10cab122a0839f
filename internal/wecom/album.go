package wecom

import "context"

// Product is an entry of the corp's 商品图册, which members send from the client. Description has at most 300 characters,
// the price is in fen and at most 5,000,000, Number is at most 128 letters and digits; 1 to 9 pictures, whose media ids
// come from UploadAttachment.
type Product struct {
	ID          string
	Description string
	PriceFen    int64
	Number      string
	Pictures    []Image
	CreateTime  Seconds // answers only
}

// product is a product on the wire; an attachment's kind is called type here.
type product struct {
	ID          flexString        `json:"product_id,omitempty"`
	Description string            `json:"description,omitempty"`
	Price       *flexInt          `json:"price,omitempty"`
	Number      string            `json:"product_sn,omitempty"`
	Attachments []albumAttachment `json:"attachments,omitempty"`
	CreateTime  Seconds           `json:"create_time,omitempty"`
}

type albumAttachment struct {
	Type  string `json:"type"`
	Image Image  `json:"image"`
}

func (p Product) wire() product {
	price := flexInt(p.PriceFen)
	w := product{ID: flexString(p.ID), Description: p.Description, Price: &price, Number: p.Number}
	for _, pic := range p.Pictures {
		w.Attachments = append(w.Attachments, albumAttachment{"image", pic})
	}
	return w
}

func (w product) product() Product {
	p := Product{ID: string(w.ID), Description: w.Description, Number: w.Number, CreateTime: w.CreateTime}
	if w.Price != nil {
		p.PriceFen = int64(*w.Price)
	}
	for _, a := range w.Attachments {
		p.Pictures = append(p.Pictures, a.Image)
	}
	return p
}

// AlbumAdd makes a product and returns its id; 41202 when the album is full. It is findable: by number, through AlbumList.
func (c *Client) AlbumAdd(ctx context.Context, p Product) (id string, err error) {
	p.ID = ""
	var out product
	err = c.post(ctx, "/cgi-bin/externalcontact/add_product_album", p.wire(), &out)
	return string(out.ID), err
}

type productID struct {
	ID string `json:"product_id"`
}

// AlbumGet reads a product.
func (c *Client) AlbumGet(ctx context.Context, id string) (Product, error) {
	var out struct {
		Product product `json:"product"`
	}
	err := c.post(ctx, "/cgi-bin/externalcontact/get_product_album", productID{id}, &out)
	p := out.Product.product()
	p.ID = id
	return p, err
}

// AlbumList returns one page of the products; limit ≤ 100. An empty next ends the pages.
func (c *Client) AlbumList(ctx context.Context, cursor string, limit int) (products []Product, next string, err error) {
	var out struct {
		List []product `json:"product_list"`
		Next string    `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/get_product_album_list", page{Cursor: cursor, Limit: limit}, &out)
	for _, p := range out.List {
		products = append(products, p.product())
	}
	return products, out.Next, err
}

// AlbumUpdate replaces a product. It is repeatable.
func (c *Client) AlbumUpdate(ctx context.Context, p Product) error {
	return c.post(ctx, "/cgi-bin/externalcontact/update_product_album", p.wire(), nil)
}

// AlbumDelete deletes a product. It is repeatable.
func (c *Client) AlbumDelete(ctx context.Context, id string) error {
	return c.post(ctx, "/cgi-bin/externalcontact/delete_product_album", productID{id}, nil)
}
